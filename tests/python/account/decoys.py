"""What others have in the account, by names that are the demonstration's, or begin like them, or contain them."""

import io
import json
import zipfile

LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [LAMBDA]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
# Tags that are like the demonstration's own without being them.
TAGS = {"shiftdeck": "BankDM", "demo": "BankDM", "shiftdeck:demo": "BankDM2", "Name": "BankDM"}


class Names:
    """The demonstration's names, each changed by `near`."""

    def __init__(self, account, near=lambda name: name):
        self.bucket = near(f"bankdm-{account}-us-east-1")
        self.roles = [near(f"BankDM-{role}") for role in ("RedShift", "Lambda", "SageMaker")]
        self.secret = near("bankdm_redshift_login")
        self.function = near("bankdm-redshift-dl")
        self.warehouse = near("bankdm")
        self.subnets = near("bankdm-subnet")
        self.database = near("bankdm")
        self.pipeline = near("BankDM-Pipeline")
        self.group = near("BankDM-Group")
        self.endpoints = [near(f"BankDM-{stage}") for stage in ("staging", "prod")]
        self.models = [near("BankDM-v1"), near("BankDM-v12")]


def make(cloud, names, tags=None, contents=True):
    """Makes one of every kind."""
    tags = TAGS if tags is None else tags
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    storage(cloud, names, pairs, contents)
    iam = cloud.client("iam")
    for role in names.roles:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=pairs)
        iam.put_role_policy(RoleName=role, PolicyName="shiftdeck", PolicyDocument=json.dumps(POLICY))
        iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess")
    cloud.client("secretsmanager").create_secret(Name=names.secret, SecretString='{"password": "theirs"}', Tags=pairs)
    role = iam.get_role(RoleName=names.roles[0])["Role"]["Arn"]
    cloud.client("lambda").create_function(
        FunctionName=names.function, Runtime="python3.12", Role=role, Handler="their.handler", Code={"ZipFile": package()}, Tags=tags
    )
    logs = cloud.client("logs")
    for group in (f"/aws/lambda/{names.function}", *(f"/aws/sagemaker/Endpoints/{name}" for name in names.endpoints)):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="pipelines-theirs-job")
    warehouse(cloud, names, pairs)
    sagemaker(cloud, names, pairs, role)


def storage(cloud, names, tags, contents):
    """A bucket, and a database of the lake with a table."""
    cloud.s3.create_bucket(Bucket=names.bucket)
    if tags:
        cloud.s3.put_bucket_tagging(Bucket=names.bucket, Tagging={"TagSet": tags})
    if contents:
        keys = ("bankdm.csv", "bankdm/database/x.csv", "old/bankdm/data/x.csv", "athena/other.csv", "bankdm/pipeline.json", "bankdm2/data/x.csv")
        for key in keys:
            cloud.s3.put_object(Bucket=names.bucket, Key=key, Body=key.encode(), Metadata={"whose": "theirs"})
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": names.database, "Description": "theirs"})
    glue.create_table(DatabaseName=names.database, TableInput={"Name": "bankdm_glue", "Parameters": {"whose": "theirs"}})


def warehouse(cloud, names, tags):
    """A cluster with its subnet group."""
    redshift = cloud.client("redshift")
    subnets = [subnet["SubnetId"] for subnet in cloud.client("ec2").describe_subnets()["Subnets"]]
    redshift.create_cluster_subnet_group(ClusterSubnetGroupName=names.subnets, Description="theirs", SubnetIds=subnets[:2], Tags=tags)
    redshift.create_cluster(
        ClusterIdentifier=names.warehouse,
        NodeType="ra3.large",
        MasterUsername="theirs",
        MasterUserPassword="Their-password-1",
        ClusterSubnetGroupName=names.subnets,
        Tags=tags,
    )


def sagemaker(cloud, names, tags, role):
    """Models with their configurations and endpoints, a pipeline, a group."""
    client = cloud.sagemaker
    for model in names.models:
        client.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer={"Image": "theirs"}, Tags=tags)
    for endpoint in names.endpoints:
        variant = {"VariantName": "all", "ModelName": names.models[0], "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        client.create_endpoint_config(EndpointConfigName=f"{endpoint}-v1", ProductionVariants=[variant], Tags=tags)
        client.create_endpoint(EndpointName=endpoint, EndpointConfigName=f"{endpoint}-v1", Tags=tags)
    definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})
    client.create_pipeline(
        PipelineName=names.pipeline, PipelineDefinition=definition, RoleArn=role, ClientRequestToken="t" * 32, Tags=tags
    )
    client.create_model_package_group(ModelPackageGroupName=names.group, Tags=tags)


def package():
    """A function's code, the same at every time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("their.py"), "def handler(event, context):\n    return 'theirs'\n")
    return packed.getvalue()
