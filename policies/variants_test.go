package policies_test

// The log bucket may do without versions, whoever sends the logs.
var (
	notFromBuckets    = remove("Artifacts/Properties/LoggingConfiguration")
	notFromBalancer   = remove("Alb/Properties/LoadBalancerAttributes/3/Value")
	notFromCloudFront = remove(distribution + "/Logging")
)

// Variants are other right ways to write what the good templates write one way. Rules
// that refuse them would be in the way of those who change the stacks. They are
// breaches of nothing, so that they are packed like breaches.
var variants = []breach{
	{in: "prod", how: "RDS keeps the password", edits: []edit{remove("Db/Properties/MasterUserPassword"), set("Db/Properties/ManageMasterUserPassword", true)}},
	{in: "prod", how: "TLS to MySQL as a number", edits: []edit{set("Pg/Properties/Parameters/require_secure_transport", "1")}},
	{in: "prod", how: "numbers and truths as texts", edits: []edit{
		set("Db/Properties/BackupRetentionPeriod", "14"), set("Db/Properties/MultiAZ", "true"), set("AsgASG/Properties/HealthCheckGracePeriod", "900")}},
	{in: "prod", how: "a database that is retained", edits: []edit{set("Db/DeletionPolicy", "Retain"), set("Db/UpdateReplacePolicy", "Retain")}},
	{in: "prod", how: "two kinds of health check", edits: []edit{set("AsgASG/Properties/HealthCheckType", "EC2,ELB")}},
	{in: "prod", how: "a refresh by the older policy", edits: []edit{set("AsgASG/UpdatePolicy", object{"AutoScalingRollingUpdate": object{"MinInstancesInService": 1}})}},
	{in: "prod", how: "no interface in the launch template, private subnets", edits: []edit{
		remove(fleetData + "/NetworkInterfaces"), set(fleetData+"/SecurityGroupIds", list{attribute("AppSg", "GroupId")})}},
	{in: "prod", how: "the profile by name", edits: []edit{set(fleetData+"/IamInstanceProfile", object{"Name": ref("LtProfile")})}},
	{in: "prod", how: "the topic's key by its alias", edits: []edit{
		resource("KeyAlias", "AWS::KMS::Alias", object{"AliasName": "alias/d2-ride-booking-prod-alarms", "TargetKeyId": attribute("Key", "Arn")}),
		set("Alarms/Properties/KmsMasterKeyId", ref("KeyAlias"))}},
	{in: "prod", how: "the load balancer over IPv6", edits: []edit{
		add(balancerWeb, ingressRule(443, object{"CidrIpv6": "::/0"})), add(balancerWeb, ingressRule(80, object{"CidrIpv6": "::/0"}))}},
	{in: "prod", how: "a policy with post-quantum keys", edits: []edit{set("AlbHttps/Properties/SslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")}},
	{in: "prod", how: "HTTPS and nothing else", edits: []edit{set(distribution+"/DefaultCacheBehavior/ViewerProtocolPolicy", "https-only")}},
	{in: "prod", how: "everybody as a star, and the bucket by its name", edits: []edit{
		set(siteDenial+"/Principal", "*"), set("SitePolicy/Properties/Bucket", "d2-ride-booking-web-admin-prod-123456789012")}},
	{in: "prod", how: "a denial for everything", edits: []edit{set("ArtifactsPolicy/Properties/PolicyDocument/Statement/0/Resource", "*")}},
	{in: "prod", how: "logs of buckets only", edits: []edit{notFromBalancer, notFromCloudFront}},
	{in: "prod", how: "logs of the load balancer only", edits: []edit{notFromBuckets, notFromCloudFront}},
	{in: "prod", how: "logs of CloudFront only", edits: []edit{notFromBuckets, notFromBalancer}},
	{in: "prod", how: "logs by a delivery only", edits: []edit{notFromBuckets, notFromBalancer, notFromCloudFront,
		resource("Delivery", "AWS::Logs::DeliveryDestination", object{"DestinationResourceArn": attribute("Logs", "Arn")})}},
	{in: "prod", how: "a switched-off lifecycle rule", edits: []edit{
		add("Artifacts/Properties/LifecycleConfiguration/Rules", object{"Status": "Disabled", "ExpirationInDays": 1})}},
	{in: "prod", how: "a schedule that stops nothing", edits: []edit{schedule(object{"Arn": "arn:aws:scheduler:::aws-sdk:rds:createDBSnapshot", "RoleArn": attribute("AppRole", "Arn")})}},
	{in: "prod", how: "a subject in a list", edits: []edit{set(deployTrust+"/StringEquals/"+sub, list{"repo:d2-ride-booking/platform:environment:prod"})}},

	{in: "dev", how: "a host without a load balancer", edits: []edit{
		remove("Alb"), remove("AlbSg"), remove("AlbHttps"), remove("AlbHttp"), remove("AlbHttpsApiRule"), remove("AppSgFromAlbSg"), remove("AlbSgToAppSg")}},
	{in: "dev", how: "a host without a public address", edits: []edit{remove(fleetData + "/NetworkInterfaces")}},
	{in: "dev", how: "buckets that go with the stack", edits: []edit{set("Site/DeletionPolicy", "Delete"), set("Artifacts/DeletionPolicy", "Delete")}},
	{in: "prod", how: "a version parameter that a new domain does not touch", edits: []edit{remove("Version/Properties/Tags/Domain")}},
	{in: "dev", how: "alarms under a key from elsewhere", edits: []edit{set("Alarms/Properties/KmsMasterKeyId", object{"Fn::ImportValue": "alarm-key"})}},
	{in: "dev", how: "a copy of a snapshot", edits: []edit{remove("Db/Properties/MasterUserPassword"), set("Db/Properties/DBSnapshotIdentifier", "before-the-mistake")}},
	{in: "dev", how: "no database", edits: []edit{remove("Db"), remove("Pg"), remove("DbSubnetGroup"), remove("DbSecret"), remove("DbSecretAttachment")}},
}
