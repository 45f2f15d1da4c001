-- The other way to load: COPY
-- Straight from S3 without the lake's catalog. It adds to what is in the table: empty the table first.
COPY {{schema}}.{{table}}
FROM {{'data_location'}}
IAM_ROLE {{'redshift_role_arn'}}
FORMAT AS CSV
IGNOREHEADER 1
REGION {{'region'}}
