package walk

// What answers the questions that a walk cannot.
const (
	yesDEV  = "--yes"
	yesPROD = "--yes --confirm prod"
)

// Password is that of the users whom a walk makes, of the twelve characters that
// PROD wants. It goes through stdin, and must be seen nowhere else.
const Password = "Walked-Once-42!"

// releasedInDEV has DEV's host run a release, as the sections of chapter 5 take for granted.
var releasedInDEV = []string{"d2ctl deploy -e dev backend-api ARTIFACT --yes"}

// What makes the database's user, as its sections take for granted.
var (
	bootstrappedInDEV  = []string{"d2ctl db bootstrap -e dev " + yesDEV}
	bootstrappedInPROD = []string{"d2ctl db bootstrap -e prod " + yesPROD}
)

// whoami asks a shell of the database who logged in.
const whoami = "SELECT CURRENT_USER();\n"

// steps are the lines of the table, each with what its sections promise to show.
var steps = map[string]step{
	"d2ctl version": {shows: `^d2ctl `},

	// Chapters 1 to 3: what stands, and how to reach it.
	"d2ctl status -e prod":                                     {shows: `(?s)^PROD healthy.*backend-api.*i-[0-9a-f]{17}.*InService.*healthy.*bastion`},
	"d2ctl status -e dev":                                      {shows: `(?s)^DEV healthy.*i-[0-9a-f]{17}.*backend-api.*bastion`},
	"d2ctl outputs -e prod":                                    {shows: `cognito\.issuer`},
	"d2ctl outputs -e dev":                                     {shows: `cognito\.issuer`},
	"d2ctl outputs -e prod bastion":                            {shows: `bastion\.instance_id +i-[0-9a-f]{17}\n`},
	"d2ctl outputs -e dev bastion":                             {shows: `bastion\.instance_id +i-[0-9a-f]{17}\n`},
	"d2ctl outputs -e prod rds":                                {shows: `rds\.endpoint +d2-ride-booking-prod-rds-mysql\..*:3306\n`},
	"d2ctl outputs -e dev rds":                                 {shows: `rds\.endpoint +d2-ride-booking-dev-rds-mysql\..*:3306\n`},
	"d2ctl outputs -e prod rds.address":                        {shows: `^d2-ride-booking-prod-rds-mysql\.\S+\.rds\.amazonaws\.com\n$`},
	"d2ctl outputs -e dev rds.address":                         {shows: `^d2-ride-booking-dev-rds-mysql\.\S+\.rds\.amazonaws\.com\n$`},
	"d2ctl outputs -e prod alb":                                {shows: `alb\.dns_name +d2-ride-booking-prod-alb-`},
	"d2ctl outputs -e prod cognito":                            {shows: `(?s)app_client_id.*issuer.*user_pool_id +ap-southeast-1_`},
	"d2ctl outputs -e dev cognito":                             {shows: `(?s)app_client_id.*issuer.*user_pool_id +ap-southeast-1_`},
	"d2ctl outputs -e prod static_sites":                       {shows: `(?s)web_admin\.distribution_id.*web_passenger\.distribution_id`},
	"d2ctl outputs -e prod static_sites.web_admin.bucket_name": {shows: `^d2-ride-booking-web-admin-prod-\d{12}\n$`},

	// PROD 4 and 5: fleets and releases.
	"d2ctl scale -e prod backend-api 3":         {add: yesPROD, shows: `backend-api +1 +3 +3`, after: []string{"d2ctl scale -e prod backend-api 1 " + yesPROD}},
	"d2ctl deploy -e prod backend-api ARTIFACT": {add: yesPROD, shows: `v1\.0\.0`},
	"d2ctl watch -e prod backend-api":           {},
	"d2ctl rollback -e prod backend-api": {
		before: []string{"d2ctl deploy -e prod backend-api NEXT " + yesPROD}, add: yesPROD, shows: `v1\.0\.0`,
	},

	// PROD 6 and 7: sites and endpoints.
	"d2ctl site publish -e prod web-admin dist": {add: yesPROD},
	"d2ctl site invalidate -e prod web-admin":   {add: yesPROD},
	"d2ctl site status -e prod web-admin":       {shows: `web-admin`},

	// PROD 8 and DEV 7: users.
	"d2ctl user create -e prod admin@fikri.dev":       {add: "--password-stdin " + yesPROD, stdin: Password, done: "is a user of"},
	"d2ctl user password -e prod admin@fikri.dev":     {add: "--password-stdin " + yesPROD, stdin: Password},
	"d2ctl user test -e prod admin@fikri.dev":         {add: "--password-stdin", stdin: Password, shows: `admin@fikri\.dev`},
	"d2ctl user create -e dev admin@demo.fikri.dev":   {add: "--password-stdin " + yesDEV, stdin: Password, done: "is a user of"},
	"d2ctl user password -e dev admin@demo.fikri.dev": {add: "--password-stdin " + yesDEV, stdin: Password},
	"d2ctl user test -e dev admin@demo.fikri.dev":     {add: "--password-stdin", stdin: Password, shows: `admin@demo\.fikri\.dev`},

	// PROD 9, 10 and DEV 5.6: logs, numbers, snapshots. What is followed ends by --timeout.
	"d2ctl logs -e prod backend-api -f":             {add: "--timeout 3s", codes: []int{0, 5}},
	"d2ctl logs -e prod backend-api --filter ERROR": {},
	"d2ctl logs -e dev backend-api -f":              {add: "--timeout 3s", codes: []int{0, 5}},
	"d2ctl logs -e dev backend-api --filter ERROR":  {},
	"d2ctl metrics -e prod":                         {},
	"d2ctl snapshot create -e prod":                 {add: yesPROD},

	// PROD 13 and DEV 2, 4, 5: what is wrong.
	"d2ctl doctor -e prod targets":  {shows: `(?s)health of the targets.*the app answers on its port.*load balancer to port.*grace period`},
	"d2ctl doctor -e prod deploy":   {shows: `(?s)artifact and checksum.*instance refresh.*scaling activities`},
	"d2ctl doctor -e prod database": {shows: `(?s)backend-api reaches MySQL.*may log in by token.*IAM logins.*TLS only`},
	"d2ctl doctor -e dev host":      {shows: `(?s)boot .*: done\n.*Node\.js .* v20\..*npm .* 10\..*MySQL client .* 8\.0\..*AWS CLI .* aws-cli/2\..*are active`},
	"d2ctl doctor -e dev database":  {shows: `(?s)backend-api reaches MySQL.*may log in by token`},
	"d2ctl doctor -e dev targets":   {shows: `the app answers on its port`},
	"d2ctl doctor -e dev":           {shows: `nothing is wrong`},

	// DEV 5: the app on its host.
	"d2ctl app status -e dev backend-api":              {before: releasedInDEV, shows: `v1\.0\.0 +healthy +online +\d+ `},
	"d2ctl app logs -e dev backend-api":                {before: releasedInDEV, shows: `Database pool initialized`},
	"d2ctl app logs -e dev backend-api --stream error": {shows: `backend-api-error\.log`},
	"d2ctl app restart -e dev backend-api":             {before: releasedInDEV, add: yesDEV, shows: `v1\.0\.0 is running`},
	"d2ctl app reload -e dev backend-api":              {before: releasedInDEV, add: yesDEV, shows: `backend-api`},
	"d2ctl app env -e dev backend-api":                 {before: releasedInDEV, shows: `(?s)APP_VERSION +v1\.0\.0.*DB_HOST +d2-ride-booking-dev-rds-mysql.*PORT +3000`},

	// DEV 6: cost, and rest.
	"d2ctl cost -e dev":  {shows: `enable_nat_gateway`},
	"d2ctl stop -e dev":  {add: yesDEV},
	"d2ctl start -e dev": {add: yesDEV},

	// PROD 2 to 4, DEV 1, 3 and 5: shells, of which a walk has only the command, and tunnels.
	"d2ctl connect -e prod bastion":     {add: "-- echo walked", shows: `^walked\r?\n$`},
	"d2ctl connect -e prod backend-api": {add: "--any -- echo walked", shows: `^walked\r?\n$`},
	"d2ctl connect -e dev":              {add: "-- echo walked", shows: `^walked\r?\n$`},
	"d2ctl connect -e dev backend-api":  {add: "-- echo walked", shows: `^walked\r?\n$`},
	"d2ctl tunnel -e prod":              {add: "--local 0 -- printenv D2_DB_SERVER_NAME", shows: `^d2-ride-booking-prod-rds-mysql\.`},
	"d2ctl tunnel -e dev":               {add: "--local 0 -- printenv D2_DB_SERVER_NAME", shows: `^d2-ride-booking-dev-rds-mysql\.`},
	"d2ctl tunnel -e dev --local 3306":  {add: "--dry-run", shows: `127\.0\.0\.1:3306`}, // a database of this machine may have that port

	// PROD 3, DEV 3 and 4: the database, as app_user and as the administrator.
	"d2ctl db shell -e prod":              {before: bootstrappedInPROD, stdin: whoami, shows: `app_user@%`},
	"d2ctl db shell -e prod --user admin": {stdin: whoami, shows: `admin@%`},
	"d2ctl db shell -e dev":               {before: bootstrappedInDEV, stdin: whoami, shows: `app_user@%`},
	"d2ctl db shell -e dev --user admin":  {stdin: whoami, shows: `admin@%`},
	"d2ctl db token -e prod":              {shows: `^d2-ride-booking-prod-rds-mysql\..*:3306\?Action=connect&DBUser=app_user&`},
	"d2ctl db secret -e prod":             {shows: `d2-ride-booking-prod-rds-master`},
	"d2ctl db secret -e dev":              {shows: `d2-ride-booking-dev-rds-master`},
	"d2ctl db query -e dev SQL":           {before: bootstrappedInDEV, shows: `ridebooking +app_user@`},
	"d2ctl db bootstrap -e dev":           {add: yesDEV, shows: `app_user@%`},
	"d2ctl db check -e dev":               {before: bootstrappedInDEV, shows: `nothing is wrong`},
}
