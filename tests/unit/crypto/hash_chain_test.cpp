#include "crypto/hash_chain.h"

#include <gtest/gtest.h>

namespace authx::crypto {
namespace {

const SecretBytes kKey{Bytes(32, 7)};

TEST(HashChain, EveryInputChangesTheLink) {
  const Bytes previous(32, 1);
  const auto link = chain_link(kKey, previous, 5, as_bytes("entry"));
  EXPECT_EQ(link, chain_link(kKey, previous, 5, as_bytes("entry")));
  EXPECT_NE(link, chain_link(kKey, previous, 6, as_bytes("entry")));
  EXPECT_NE(link, chain_link(kKey, previous, 5, as_bytes("Entry")));
  EXPECT_NE(link, chain_link(kKey, Bytes(32, 2), 5, as_bytes("entry")));
  EXPECT_NE(link, chain_link(SecretBytes{Bytes(32, 8)}, previous, 5, as_bytes("entry")));
}

TEST(HashChain, MovingABoundaryChangesTheLink) {
  EXPECT_NE(chain_link(kKey, as_bytes("ab"), 1, as_bytes("c")), chain_link(kKey, as_bytes("a"), 1, as_bytes("bc")));
}

TEST(Checkpoint, VerifiesOnlyWhatWasSigned) {
  const auto signed_point = sign_checkpoint(kKey, 9, Bytes(32, 3));
  EXPECT_TRUE(verify_checkpoint(kKey, signed_point));
  auto changed = signed_point;
  changed.seq = 8;
  EXPECT_FALSE(verify_checkpoint(kKey, changed));
  changed = signed_point;
  changed.head[0] ^= 1;
  EXPECT_FALSE(verify_checkpoint(kKey, changed));
  changed = signed_point;
  changed.signature[0] = changed.signature[0] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(verify_checkpoint(kKey, changed));
  changed.signature = "not hex";
  EXPECT_FALSE(verify_checkpoint(kKey, changed));
  changed.signature.clear();
  EXPECT_FALSE(verify_checkpoint(kKey, changed));
  EXPECT_FALSE(verify_checkpoint(SecretBytes{Bytes(32, 8)}, signed_point));
}

TEST(Checkpoint, ALinkIsNotAValidSignature) {
  const Bytes head(32, 3);
  const auto link = chain_link(kKey, head, 9, {});
  Checkpoint forged{9, head, {}};
  for (const auto b : link) forged.signature += fmt::format("{:02x}", b);
  EXPECT_FALSE(verify_checkpoint(kKey, forged));
}

}  // namespace
}  // namespace authx::crypto
