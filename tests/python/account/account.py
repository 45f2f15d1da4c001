"""What is in an account, byte for byte, as boto3 lists it."""

import hashlib
import urllib.request

import botocore.exceptions

# What changes by itself.
VOLATILE = {"ResponseMetadata", "LastAccessedDate", "storedBytes", "RoleLastUsed", "NextToken"}


def contents(cloud):
    """Everything that a demonstration could make or remove: kind and name, and all that is known of it."""
    found = {}
    for kind, listing in KINDS.items():
        for name, details in listing(cloud):
            found[f"{kind} {name}"] = plain(details)
    return found


def plain(value):
    """A description without what changes by itself."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in sorted(value.items()) if key not in VOLATILE}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


def pages(client, operation, member, **arguments):
    """Everything that a listing has."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[member]
    else:
        yield from getattr(client, operation)(**arguments)[member]


def there(call, **arguments):
    """An answer, or nothing where there is none."""
    try:
        return call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def buckets(cloud):
    """Buckets with their objects."""
    for bucket in cloud.s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        objects = {}
        for entry in pages(cloud.s3, "list_objects_v2", "Contents", Bucket=name) if has_objects(cloud, name) else []:
            got = cloud.s3.get_object(Bucket=name, Key=entry["Key"])
            objects[entry["Key"]] = [hashlib.sha256(got["Body"].read()).hexdigest(), got["Metadata"], got["LastModified"]]
        tags, block = (there(call, Bucket=name) for call in (cloud.s3.get_bucket_tagging, cloud.s3.get_public_access_block))
        yield name, [bucket["CreationDate"], tags, block, objects]


def has_objects(cloud, bucket):
    """Whether a bucket has any; a listing of none has no contents at all."""
    return cloud.s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["KeyCount"] > 0


def roles(cloud):
    """Roles with their policies."""
    iam = cloud.client("iam")
    for role in pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        policies = pages(iam, "list_role_policies", "PolicyNames", RoleName=name)
        inline = [iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in policies]
        attached = list(pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name))
        yield name, [iam.get_role(RoleName=name)["Role"], inline, attached]


def secrets(cloud):
    """Secrets with their values."""
    manager = cloud.client("secretsmanager")
    for secret in pages(manager, "list_secrets", "SecretList"):
        yield secret["Name"], [manager.describe_secret(SecretId=secret["ARN"]), manager.get_secret_value(SecretId=secret["ARN"])]


def functions(cloud):
    """Functions with their tags."""
    client = cloud.client("lambda")
    for function in pages(client, "list_functions", "Functions"):
        described = client.get_function(FunctionName=function["FunctionName"])
        yield function["FunctionName"], [described["Configuration"], described.get("Tags")]


def clusters(cloud):
    """Provisioned warehouses."""
    for cluster in pages(cloud.client("redshift"), "describe_clusters", "Clusters"):
        yield cluster["ClusterIdentifier"], cluster


def subnet_groups(cloud):
    """Their networks."""
    for group in pages(cloud.client("redshift"), "describe_cluster_subnet_groups", "ClusterSubnetGroups"):
        yield group["ClusterSubnetGroupName"], group


def log_groups(cloud):
    """Groups of logs with their streams."""
    logs = cloud.client("logs")
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield name, sorted(stream["logStreamName"] for stream in pages(logs, "describe_log_streams", "logStreams", logGroupName=name))


def lake_databases(cloud):
    """Databases of the lake with their tables."""
    glue = cloud.client("glue")
    for database in pages(glue, "get_databases", "DatabaseList"):
        yield database["Name"], [database, list(pages(glue, "get_tables", "TableList", DatabaseName=database["Name"]))]


def sagemaker(listing, member, name, describe, argument):
    """The lister of a kind of SageMaker."""

    def listed(cloud):
        client = cloud.sagemaker
        for each in pages(client, listing, member):
            arn = next(value for key, value in each.items() if key.endswith("Arn"))
            yield each[name], [getattr(client, describe)(**{argument: each[name]}), client.list_tags(ResourceArn=arn)["Tags"]]

    return listed


KINDS = {
    "bucket": buckets,
    "role": roles,
    "secret": secrets,
    "function": functions,
    "cluster": clusters,
    "subnet group": subnet_groups,
    "log group": log_groups,
    "lake database": lake_databases,
    "model": sagemaker("list_models", "Models", "ModelName", "describe_model", "ModelName"),
    "endpoint config": sagemaker(
        "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", "describe_endpoint_config", "EndpointConfigName"
    ),
    "endpoint": sagemaker("list_endpoints", "Endpoints", "EndpointName", "describe_endpoint", "EndpointName"),
    "pipeline": sagemaker("list_pipelines", "PipelineSummaries", "PipelineName", "describe_pipeline", "PipelineName"),
    "model group": sagemaker(
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
        "describe_model_package_group",
        "ModelPackageGroupName",
    ),
}
