# Runbook PROD 10.1, data protection: at rest and in secrets.
package d2

import rego.v1

rules["D2-PROD-10.1-encrypted-volumes"] := {
	"stage": "both",
	"what": "Every EBS volume is encrypted by the template that launches it",
	"why": "Left out, encryption depends on a setting of the account",
	"fix": "Give the launch template BlockDeviceMappings with Ebs.Encrypted true, the root volume among them"
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::LaunchTemplate")
	not encrypted_mappings(at(name, ["LaunchTemplateData", "BlockDeviceMappings"]))
	not hosts_map_their_own(name)
	v := finding("D2-PROD-10.1-encrypted-volumes", name, "Properties.LaunchTemplateData.BlockDeviceMappings")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::Instance")
	mappings := at(name, ["BlockDeviceMappings"])
	not absent(mappings)
	not encrypted_mappings(mappings)
	v := finding("D2-PROD-10.1-encrypted-volumes", name, "Properties.BlockDeviceMappings")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::Instance")
	absent(at(name, ["BlockDeviceMappings"]))
	not launched_from_template(name)
	v := finding("D2-PROD-10.1-encrypted-volumes", name, "Properties.BlockDeviceMappings")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::Volume")
	not is_yes(at(name, ["Encrypted"]))
	v := finding("D2-PROD-10.1-encrypted-volumes", name, "Properties.Encrypted")
}

encrypted_mappings(mappings) if {
	is_array(mappings)
	count(mappings) > 0
	every mapping in mappings {
		is_yes(within(mapping, ["Ebs", "Encrypted"]))
	}
}

# CDK's Instance keeps its volumes itself and its template only for IMDSv2.
hosts_map_their_own(template) if {
	absent(at(template, ["LaunchTemplateData", "BlockDeviceMappings"]))
	not template in fleet_templates
	count(host_templates[template]) > 0
	every host in host_templates[template] {
		encrypted_mappings(at(host, ["BlockDeviceMappings"]))
	}
}

rules["D2-PROD-10.1-bucket-encryption"] := {
	"stage": "both",
	"what": "Every bucket says how it is encrypted",
	"why": "What protects data at rest belongs in the template, not in a default of AWS",
	"fix": "Set BucketEncryption with an SSEAlgorithm"
}

violation contains v if {
	some name in resources_of_type("AWS::S3::Bucket")
	not encrypted_bucket(name)
	v := finding("D2-PROD-10.1-bucket-encryption", name, "Properties.BucketEncryption")
}

encrypted_bucket(name) if {
	some entry in list(at(name, ["BucketEncryption", "ServerSideEncryptionConfiguration"]))
	entry.ServerSideEncryptionByDefault.SSEAlgorithm in ["AES256", "aws:kms", "aws:kms:dsse"]
}

rules["D2-PROD-10.1-bucket-public-access"] := {
	"stage": "both",
	"what": "Every bucket blocks public access in all four ways",
	"why": "Sites are read through CloudFront and nothing else is anybody's to read",
	"fix": "Set all four of PublicAccessBlockConfiguration to true"
}

violation contains v if {
	some name in resources_of_type("AWS::S3::Bucket")
	some key in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
	not is_yes(at(name, ["PublicAccessBlockConfiguration", key]))
	v := finding("D2-PROD-10.1-bucket-public-access", name, sprintf("Properties.PublicAccessBlockConfiguration.%s", [key]))
}

rules["D2-PROD-10.1-key-rotation"] := {
	"stage": "both",
	"what": "Every customer key rotates",
	"why": "Credentials are rotated regularly, keys by AWS once it is asked to",
	"fix": "Set EnableKeyRotation to true"
}

violation contains v if {
	some name in resources_of_type("AWS::KMS::Key")
	not is_yes(at(name, ["EnableKeyRotation"]))
	v := finding("D2-PROD-10.1-key-rotation", name, "Properties.EnableKeyRotation")
}

rules["D2-PROD-10.1-topic-encrypted"] := {
	"stage": "both",
	"what": "Every SNS topic is encrypted",
	"why": "Alarms tell what is weak at the moment",
	"fix": "Give the topic a KmsMasterKeyId"
}

violation contains v if {
	some name in resources_of_type("AWS::SNS::Topic")
	absent(at(name, ["KmsMasterKeyId"]))
	v := finding("D2-PROD-10.1-topic-encrypted", name, "Properties.KmsMasterKeyId")
}

rules["D2-PROD-10.1-no-plain-secrets"] := {
	"stage": "both",
	"what": "No password is in the template",
	"why": "Templates are read by many and kept for ever",
	"fix": "Let RDS manage the password or point to Secrets Manager with a dynamic reference"
}

violation contains v if {
	some type in ["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"]
	some name in resources_of_type(type)
	not password_kept_elsewhere(name)
	v := finding("D2-PROD-10.1-no-plain-secrets", name, "Properties.MasterUserPassword")
}

violation contains v if {
	some name in resources_of_type("AWS::SecretsManager::Secret")
	not absent(at(name, ["SecretString"]))
	v := finding("D2-PROD-10.1-no-plain-secrets", name, "Properties.SecretString")
}

violation contains v if {
	some name in resources_of_type("AWS::SSM::Parameter")
	regex.match(`(?i)(password|secret|private_?key)$`, text(at(name, ["Name"])))
	is_string(at(name, ["Value"]))
	v := finding("D2-PROD-10.1-no-plain-secrets", name, "Properties.Value")
}

password_kept_elsewhere(name) if is_yes(at(name, ["ManageMasterUserPassword"]))

password_kept_elsewhere(name) if {
	some path in input.resources[name].secretsmanagerRefPaths
	startswith(path, "Properties.MasterUserPassword")
}

# A copy keeps the password of what it is copied from.
password_kept_elsewhere(name) if {
	some key in ["DBSnapshotIdentifier", "SourceDBInstanceIdentifier", "SnapshotIdentifier", "DBClusterIdentifier"]
	not absent(at(name, [key]))
	absent(at(name, ["MasterUserPassword"]))
}
