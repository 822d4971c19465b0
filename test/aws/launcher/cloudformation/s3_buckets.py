"""AWS::S3::Bucket: properties that moto takes no notice of in a template, though its S3 has them, and the deletion of a
full one."""

import re
from typing import Any
from xml.sax.saxutils import escape

from moto.s3.cloud_formation import cfn_to_api_encryption
from moto.s3.models import FakeBucket, get_canned_acl, s3_backends
from moto.utilities.utils import get_partition


def install() -> None:
    made = FakeBucket.create_from_cloudformation_json.__func__

    def create(cls: Any, name: str, declared: Any, account_id: str, region_name: str, **further: Any) -> FakeBucket:
        bucket = made(cls, name, declared, account_id, region_name, **further)
        configure(s3_backends[account_id][get_partition(region_name)], bucket, declared.get("Properties") or {})
        return bucket

    def delete(cls: Any, name: str, declared: Any, account_id: str, region_name: str) -> None:
        backend = s3_backends[account_id][get_partition(region_name)]
        # moto leaves a bucket with something in it where it is, and says nothing.
        if name in backend.buckets and backend.buckets[name].keys:
            raise ValueError("The bucket you tried to delete is not empty")
        backend.delete_bucket(name)

    FakeBucket.create_from_cloudformation_json = classmethod(create)
    FakeBucket.delete_from_cloudformation_json = classmethod(delete)


def configure(backend: Any, bucket: FakeBucket, properties: dict[str, Any]) -> None:
    versioning = (properties.get("VersioningConfiguration") or {}).get("Status")
    if versioning:
        backend.put_bucket_versioning(bucket.name, versioning)
    acl = properties.get("AccessControl")
    if acl:
        # PublicRead in templates is public-read in the API.
        backend.put_bucket_acl(bucket.name, get_canned_acl(re.sub(r"(?<!^)(?=[A-Z])", "-", acl).lower()))
    bucket.website_configuration = website(properties.get("WebsiteConfiguration"))
    bucket.set_lifecycle([rule(each) for each in (properties.get("LifecycleConfiguration") or {}).get("Rules", [])])
    logging = properties.get("LoggingConfiguration")
    bucket.logging = (
        {
            "TargetBucket": logging.get("DestinationBucketName", bucket.name),
            "TargetPrefix": logging.get("LogFilePrefix", ""),
        }
        if logging
        else {}
    )
    if "BucketEncryption" in properties:
        backend.put_bucket_encryption(bucket.name, cfn_to_api_encryption(properties["BucketEncryption"]))
    if "Tags" in properties:
        backend.put_bucket_tagging(bucket.name, {tag["Key"]: tag["Value"] for tag in properties["Tags"]})


def website(declared: dict[str, Any] | None) -> bytes | None:
    if not declared:
        return None
    index, fault = declared.get("IndexDocument"), declared.get("ErrorDocument")
    inner = f"<IndexDocument><Suffix>{escape(index)}</Suffix></IndexDocument>" if index else ""
    inner += f"<ErrorDocument><Key>{escape(fault)}</Key></ErrorDocument>" if fault else ""
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<WebsiteConfiguration xmlns="{namespace}">{inner}</WebsiteConfiguration>'.encode()


def rule(declared: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ID": declared.get("Id"),
        "Prefix": declared.get("Prefix", ""),
        "Status": declared["Status"],
    }
    if "ExpirationInDays" in declared:
        told["Expiration"] = {"Days": declared["ExpirationInDays"]}
    transitions = declared.get("Transitions") or ([declared["Transition"]] if "Transition" in declared else [])
    if transitions:
        told["Transition"] = [
            {"Days": each.get("TransitionInDays"), "StorageClass": each["StorageClass"]} for each in transitions
        ]
    return told
