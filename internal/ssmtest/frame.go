package ssmtest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Types of frames.
const (
	typeInput   = "input_stream_data"
	typeOutput  = "output_stream_data"
	typeAck     = "acknowledge"
	typeClosed  = "channel_closed"
	typePause   = "pause_publication"
	typePublish = "start_publication"
)

// payload says what the bytes of a data frame are.
type payload uint32

const (
	payloadData              payload = 1 // the stream itself
	payloadSize              payload = 3 // {"cols":…,"rows":…}
	payloadHandshake         payload = 5
	payloadHandshakeResponse payload = 6
	payloadHandshakeComplete payload = 7
	payloadFlag              payload = 10 // four bytes, one of the flags below
)

// Flags, as a big-endian uint32 in a frame of payloadFlag.
const (
	flagTerminate    uint32 = 2 // the client ends the session
	flagConnectError uint32 = 3 // the agent could not connect to the port
)

// Where the fields of a frame lie; all numbers are big-endian.
const (
	atType          = 4
	atSchema        = 36
	atCreated       = 40
	atSequence      = 48
	atFlags         = 56
	atID            = 64
	atDigest        = 80
	atPayload       = 112
	atPayloadLength = 116
	atBody          = 120

	// headerLength is what the first field says: all before the payload's length.
	headerLength = atPayloadLength
	// bodyMax is the most that either side puts into one frame.
	bodyMax = 1024
	// schemaVersion of every frame.
	schemaVersion = 1
)

// frame is one binary message of the web socket.
type frame struct {
	Type     string
	Created  time.Time
	Sequence int64
	Flags    uint64
	ID       [16]byte // in the order of its text
	Payload  payload
	Body     []byte
}

// newFrame is a frame with an id of its own, created now.
func newFrame(kind string, sequence int64, what payload, body []byte) frame {
	f := frame{Type: kind, Created: time.Now(), Sequence: sequence, Payload: what, Body: body}
	_, _ = rand.Read(f.ID[:]) // never fails (crypto/rand)
	f.ID[6], f.ID[8] = f.ID[6]&0x0f|0x40, f.ID[8]&0x3f|0x80
	return f
}

// encode writes the frame as it goes over the wire.
func (f frame) encode() []byte {
	raw := make([]byte, atBody+len(f.Body))
	binary.BigEndian.PutUint32(raw, headerLength)
	copy(raw[atType:atSchema], f.Type+strings.Repeat(" ", atSchema-atType-len(f.Type)))
	binary.BigEndian.PutUint32(raw[atSchema:], schemaVersion)
	binary.BigEndian.PutUint64(raw[atCreated:], uint64(f.Created.UnixMilli()))
	binary.BigEndian.PutUint64(raw[atSequence:], uint64(f.Sequence))
	binary.BigEndian.PutUint64(raw[atFlags:], f.Flags)
	// An id goes in two halves, the second one first.
	copy(raw[atID:], f.ID[8:])
	copy(raw[atID+8:], f.ID[:8])
	digest := sha256.Sum256(f.Body)
	copy(raw[atDigest:], digest[:])
	binary.BigEndian.PutUint32(raw[atPayload:], uint32(f.Payload))
	binary.BigEndian.PutUint32(raw[atPayloadLength:], uint32(len(f.Body)))
	copy(raw[atBody:], f.Body)
	return raw
}

// decode reads a frame and checks what can be checked: lengths and the digest.
func decode(raw []byte) (frame, error) {
	if len(raw) < atBody {
		return frame{}, fmt.Errorf("a frame of %d bytes is shorter than its header of %d", len(raw), atBody)
	}
	if header := binary.BigEndian.Uint32(raw); header != headerLength {
		return frame{}, fmt.Errorf("the header says it has %d bytes, not %d", header, headerLength)
	}
	if schema := binary.BigEndian.Uint32(raw[atSchema:]); schema != schemaVersion {
		return frame{}, fmt.Errorf("the frame is of schema %d, not %d", schema, schemaVersion)
	}
	f := frame{
		Type:     strings.TrimRight(string(raw[atType:atSchema]), " \x00"),
		Created:  time.UnixMilli(int64(binary.BigEndian.Uint64(raw[atCreated:]))),
		Sequence: int64(binary.BigEndian.Uint64(raw[atSequence:])),
		Flags:    binary.BigEndian.Uint64(raw[atFlags:]),
		Payload:  payload(binary.BigEndian.Uint32(raw[atPayload:])),
		Body:     raw[atBody:],
	}
	copy(f.ID[8:], raw[atID:])
	copy(f.ID[:8], raw[atID+8:])
	if length := binary.BigEndian.Uint32(raw[atPayloadLength:]); int(length) != len(f.Body) {
		return frame{}, fmt.Errorf("the header says that %d bytes follow it, %d do", length, len(f.Body))
	}
	if digest := sha256.Sum256(f.Body); !bytes.Equal(digest[:], raw[atDigest:atPayload]) {
		return frame{}, errors.New("the digest is not that of the payload")
	}
	return f, nil
}

// idText is an id as JSON bodies spell it.
func idText(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
