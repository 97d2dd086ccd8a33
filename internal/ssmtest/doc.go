// Package ssmtest is a message gateway of Systems Manager with the agent behind
// it, for tests and for the local AWS: port sessions and shell sessions over
// web sockets, as AWS's Session Manager plugin and d2ctl speak them.
//
// The frames are written from the format (facts, operations-cli 4.1), not from
// AWS's code, so that a fault of one codec is seen by the other. Signatures are
// verified; connections go only where the test allows; every complaint about
// the real gateway that is known can be caused with Faults.
//
//	gateway, err := ssmtest.Start(ssmtest.Options{Hosts: map[string]string{"db.example.com:3306": server.Addr().String()}})
//	if err != nil { … }
//	defer gateway.Close()
//	api := ssm.New(ssm.Options{BaseEndpoint: aws.String(gateway.URL()), …})
//	api.StartSession(…)          // the client under test takes it from here
//	gateway.SetFaults(ssmtest.Faults{ByeAfter: 20})
//	gateway.Sessions()           // what there is and was, and how it ended
//
// What it cannot show: AWS's real timing and limits, IAM, KMS encryption of
// sessions, agents too old for several connections at once.
package ssmtest
