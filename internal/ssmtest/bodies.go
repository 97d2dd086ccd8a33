package ssmtest

import (
	"encoding/binary"
	"encoding/json"
	"time"
)

// opening is the text frame by which a client shows its token.
type opening struct {
	MessageSchemaVersion string
	RequestID            string `json:"RequestId"`
	TokenValue           string
	ClientID             string `json:"ClientId"`
	ClientVersion        string
}

// acknowledgement is the body of a frame of typeAck.
type acknowledgement struct {
	Type       string `json:"AcknowledgedMessageType"`
	ID         string `json:"AcknowledgedMessageId"`
	Sequence   int64  `json:"AcknowledgedMessageSequenceNumber"`
	Sequential bool   `json:"IsSequentialMessage"`
}

// handshake is what the agent asks of the client before anything else.
type handshake struct {
	AgentVersion           string
	RequestedClientActions []clientAction
}

type clientAction struct {
	ActionType       string
	ActionParameters sessionKind
}

type sessionKind struct {
	SessionType Kind
	Properties  map[string]string
}

// handshakeAnswer is what the client made of it; an action that went well has status 1.
type handshakeAnswer struct {
	ClientVersion          string
	ProcessedClientActions []struct {
		ActionType   string
		ActionStatus int
		Error        string
	}
	Errors []string
}

// handshakeDone ends the handshake.
type handshakeDone struct {
	HandshakeTimeToComplete time.Duration
	CustomerMessage         string
}

// channelClosed is the body of a frame of typeClosed.
type channelClosed struct {
	MessageID     string `json:"MessageId"`
	CreatedDate   string
	DestinationID string `json:"DestinationId"`
	SessionID     string `json:"SessionId"`
	MessageType   string
	SchemaVersion int
	Output        string
}

// windowSize is the body of a frame of payloadSize.
type windowSize struct {
	Cols uint16 `json:"cols"`
	Rows uint16 `json:"rows"`
}

// encodeJSON is for the types above, which all can be told in JSON.
func encodeJSON(body any) []byte {
	text, _ := json.Marshal(body)
	return text
}

func flagBody(flag uint32) []byte { return binary.BigEndian.AppendUint32(nil, flag) }
