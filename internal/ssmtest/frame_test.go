package ssmtest

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// written is a frame as bytes, put down by hand from the format's table.
const written = "00000074" + // length of the header
	"696e7075745f73747265616d5f64617461" + "202020202020202020202020202020" + // input_stream_data, 32 wide
	"00000001" + // schema
	"000001935a3d1b2c" + // milliseconds since 1970
	"0000000000000007" + // sequence
	"0000000000000003" + // flags
	"8899aabbccddeeff" + "0011223344556677" + // the id, second half first
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" + // SHA-256 of hello
	"00000001" + "00000005" + "68656c6c6f" // payload type, length, hello

func TestAFrameIsWhatTheFormatsTableSays(t *testing.T) {
	t.Parallel()
	raw, err := hex.DecodeString(written)
	require.NoError(t, err)
	read, err := decode(raw)
	require.NoError(t, err)
	want := frame{
		Type: typeInput, Created: time.UnixMilli(0x1935a3d1b2c), Sequence: 7, Flags: 3, Payload: payloadData, Body: []byte("hello"),
		ID: [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
	}
	assert.Equal(t, want, read)
	assert.Equal(t, "00112233-4455-6677-8899-aabbccddeeff", idText(read.ID))
	assert.Equal(t, written, hex.EncodeToString(want.encode()))
}

func TestEveryFrameComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{typeInput, typeOutput, typeAck, typeClosed}).Draw(t, "type")
		f := newFrame(kind, rapid.Int64().Draw(t, "sequence"), payload(rapid.Uint32().Draw(t, "payload")), rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "body"))
		f.Created = time.UnixMilli(f.Created.UnixMilli())
		read, err := decode(f.encode())
		require.NoError(t, err)
		assert.Equal(t, f, read)
	})
}

func TestAFrameThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	whole, err := hex.DecodeString(written)
	require.NoError(t, err)
	for _, each := range []struct {
		damage func(raw []byte) []byte
		want   string
	}{
		{func(raw []byte) []byte { return raw[:100] }, "shorter than its header"},
		{func(raw []byte) []byte { return raw[:len(raw)-1] }, "says that 5 bytes follow it, 4 do"},
		{func(raw []byte) []byte { raw[len(raw)-1]++; return raw }, "the digest is not"},
		{func(raw []byte) []byte { raw[3]++; return raw }, "says it has 117 bytes"},
		{func(raw []byte) []byte { raw[39]++; return raw }, "of schema 2"},
	} {
		_, err := decode(each.damage([]byte(strings.Clone(string(whole)))))
		assert.ErrorContains(t, err, each.want)
	}
}
