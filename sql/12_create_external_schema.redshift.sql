-- Let the warehouse see the lake
-- Redshift Spectrum: the lake's tables appear in the warehouse, the data stay in S3.
CREATE EXTERNAL SCHEMA IF NOT EXISTS {{external_schema}}
FROM DATA CATALOG
DATABASE {{'glue_database'}}
IAM_ROLE {{'redshift_role_arn'}}
REGION {{'region'}}
CREATE EXTERNAL DATABASE IF NOT EXISTS
