#include "crypto/hash_chain.h"

#include "base/encoding.h"
#include "crypto/evp.h"

namespace authx::crypto {
namespace {

void append_u64(Bytes& out, std::uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(v >> shift));
}

/// Labelled and length-prefixed: no two (seq, hash) pairs, and no link and checkpoint, share an encoding.
Bytes frame(std::string_view label, std::uint64_t seq, BytesView hash) {
  Bytes out = to_bytes(label);
  append_u64(out, seq);
  append_u64(out, hash.size());
  out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

Digest checkpoint_mac(const SecretBytes& key, std::uint64_t seq, BytesView head) {
  return hmac_sha256(key.expose(), frame("authx.audit.checkpoint.v1", seq, head));
}

}  // namespace

Digest chain_link(const SecretBytes& key, BytesView previous, std::uint64_t seq, BytesView canonical_entry) {
  return evp::HmacKey{key.expose()}.mac(frame("authx.audit.link.v1", seq, previous), canonical_entry);
}

Checkpoint sign_checkpoint(const SecretBytes& key, std::uint64_t seq, BytesView head) {
  return {seq, Bytes{head.begin(), head.end()}, hex_encode(checkpoint_mac(key, seq, head))};
}

bool verify_checkpoint(const SecretBytes& key, const Checkpoint& checkpoint) {
  const auto signature = hex_decode(checkpoint.signature);
  return signature && constant_time_equal(*signature, checkpoint_mac(key, checkpoint.seq, checkpoint.head));
}

}  // namespace authx::crypto
