// Package mysql is d2ctl's client of the database: a login over verified TLS by
// IAM token or by the administrator's password, results that are written as they
// come, and what the runbooks have people type into a mysql prompt: the
// application's user and its grants (DEV 3.7, 4.5), and migrations.
//
// It knows no AWS. How a connection is made, and what stands for a password, are
// functions that the caller gives: a tunnel and a signer in d2ctl, a loopback
// address in tests. What it asks of the server runs on MySQL 8.0 and 8.4 and on
// MariaDB, which the local AWS has; where only one can answer, a comment says so.
package mysql
