"""What a demonstration left in the embedded AWS, by name and not by tag: an orphan has no tag, perhaps."""

from account import pages


def of_demo(cloud, demo):
    """Kind and name of everything that can be removed and has the demonstration's name in its own."""
    sagemaker, serverless = cloud.sagemaker, cloud.client("redshift-serverless")
    lake = cloud.client("athena")
    listings = {
        "bucket": [each["Name"] for each in cloud.s3.list_buckets()["Buckets"]],
        "role": [each["RoleName"] for each in pages(cloud.client("iam"), "list_roles", "Roles")],
        "secret": [each["Name"] for each in pages(cloud.client("secretsmanager"), "list_secrets", "SecretList", IncludePlannedDeletion=True)],
        "function": [each["FunctionName"] for each in pages(cloud.client("lambda"), "list_functions", "Functions")],
        "workgroup": [each["workgroupName"] for each in pages(serverless, "list_workgroups", "workgroups")],
        "namespace": [each["namespaceName"] for each in pages(serverless, "list_namespaces", "namespaces")],
        "cluster": [each["ClusterIdentifier"] for each in pages(cloud.client("redshift"), "describe_clusters", "Clusters")],
        "pipeline": [each["PipelineName"] for each in pages(sagemaker, "list_pipelines", "PipelineSummaries")],
        "model": [each["ModelName"] for each in pages(sagemaker, "list_models", "Models")],
        "endpoint": [each["EndpointName"] for each in pages(sagemaker, "list_endpoints", "Endpoints")],
        "endpoint config": [each["EndpointConfigName"] for each in pages(sagemaker, "list_endpoint_configs", "EndpointConfigs")],
        "model group": [
            each["ModelPackageGroupName"] for each in pages(sagemaker, "list_model_package_groups", "ModelPackageGroupSummaryList")
        ],
        "lake database": [each["Name"] for each in pages(lake, "list_databases", "DatabaseList", CatalogName="AwsDataCatalog")],
        "athena workgroup": [each["Name"] for each in lake.list_work_groups()["WorkGroups"]],
        "log group": log_groups(cloud),
        "stack": [each["StackName"] for each in pages(cloud.client("cloudformation"), "describe_stacks", "Stacks")],
    }
    return [f"{kind} {name}" for kind, names in listings.items() for name in names if demo.lower() in name.lower()]


def log_groups(cloud):
    """Every group of logs; those of jobs have no demonstration's name."""
    return [each["logGroupName"] for each in pages(cloud.client("logs"), "describe_log_groups", "logGroups")]
