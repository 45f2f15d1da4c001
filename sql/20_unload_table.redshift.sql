-- Write the table to S3, as the pipeline does
UNLOAD ({{'unload_query'}})
TO {{'unload_location'}}
IAM_ROLE {{'redshift_role_arn'}}
FORMAT AS CSV
HEADER
GZIP
ALLOWOVERWRITE
