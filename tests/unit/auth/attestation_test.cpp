#include "services/auth/attestation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "authenticator.h"
#include "certificates.h"

namespace authx::auth::webauthn {
namespace {

const Uuid kModel = Uuid::parse("8446ccb9-ab1d-4b7a-9f3e-0c6f5a1d2e3f").value();

Bytes extension_of(const Uuid& aaguid) {
  Bytes out{0x04, 16};
  out.insert(out.end(), aaguid.bytes.begin(), aaguid.bytes.end());
  return out;
}

void put_bytes(Bytes& out, BytesView bytes) {
  out.push_back(0x59);
  out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(bytes.size()));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// {"fmt": "packed", "attStmt": {"alg": -7, "sig": signature, "x5c": chain}, "authData": data}
Bytes packed(const Bytes& data, const Bytes& signature, const std::vector<Bytes>& chain) {
  auto out = hex_decode("a363666d74667061636b65646761747453746d74a363616c672663736967").value();
  const auto push_short = [&](BytesView bytes) {
    out.push_back(0x58);
    out.push_back(static_cast<std::uint8_t>(bytes.size()));
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  push_short(signature);
  const auto x5c = hex_decode("63783563").value();
  out.insert(out.end(), x5c.begin(), x5c.end());
  out.push_back(static_cast<std::uint8_t>(0x80 | chain.size()));
  for (const auto& certificate : chain) put_bytes(out, certificate);
  const auto tail = hex_decode("686175746844617461").value();
  out.insert(out.end(), tail.begin(), tail.end());
  push_short(data);
  return out;
}

class AttestationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("authx-attestation-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    root.write_pem(folder / "root.pem");
    authenticator.aaguid = kModel;
    trusting.roots = std::make_shared<const AttestationRoots>(AttestationRoots::load(folder.string()).value());
    trusting.attestation = AttestationPolicy::trusted;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static Maker::Wish model() {
    Maker::Wish wish;
    wish.aaguid = extension_of(kModel);
    return wish;
  }
  Result<Registration> registered(const RelyingParty& party, const Maker& leaf, std::vector<Bytes> rest = {}) const {
    const auto client = client_json("webauthn.create");
    const auto data = authenticator.data(0x45);
    Bytes message = data;
    const auto hash = crypto::sha256(as_bytes(client));
    message.insert(message.end(), hash.begin(), hash.end());
    rest.insert(rest.begin(), leaf.der());
    return check_registration(party, as_bytes(client), packed(data, leaf.sign(message), rest), true, kNow);
  }
  std::string kind(const RelyingParty& party, const Maker& leaf, std::vector<Bytes> rest = {}) const {
    const auto made = registered(party, leaf, std::move(rest));
    return made ? made->attestation.kind : "refused";
  }

  std::filesystem::path folder;
  Maker root = Maker::root("Maker Root", kNow);
  Authenticator authenticator;
  RelyingParty trusting = kParty;
};

TEST_F(AttestationTest, ACertificateThatEndsAtAConfiguredRootIsTrusted) {
  const auto leaf = Maker::make(model(), kNow, &root);
  const auto made = registered(trusting, leaf);
  ASSERT_TRUE(made) << made.error().faults.front().reason;
  EXPECT_EQ(made->attestation.kind, "trusted");
  EXPECT_EQ(made->attestation.root, "Maker Root");
}

TEST_F(AttestationTest, AChainMayHaveAuthoritiesBetween) {
  auto wish = model();
  wish.aaguid.reset();
  wish.unit.clear();
  wish.authority = true;
  const auto middle = Maker::make(wish, kNow, &root);
  const auto leaf = Maker::make(model(), kNow, &middle);
  EXPECT_EQ(kind(trusting, leaf, {middle.der()}), "trusted");
  EXPECT_EQ(kind(trusting, leaf), "refused") << "the link is missing";
  auto ordinary = model();
  ordinary.name = "No authority";
  const auto end = Maker::make(ordinary, kNow, &root);
  const auto forged = Maker::make(model(), kNow, &end);
  EXPECT_EQ(kind(trusting, forged, {end.der()}), "refused") << "a certificate that is no authority signs nothing";
}

TEST_F(AttestationTest, WhoIsNotConfiguredIsNotTrusted) {
  const auto stranger = Maker::root("Maker Root", kNow);  // the same name, another key
  const auto leaf = Maker::make(model(), kNow, &stranger);
  EXPECT_EQ(kind(trusting, leaf), "refused");
  EXPECT_EQ(kind(trusting, leaf, {stranger.der()}), "refused");
  auto noting = trusting;
  noting.attestation = AttestationPolicy::optional;
  EXPECT_EQ(kind(noting, leaf), "packed");
  EXPECT_EQ(kind(noting, Maker::make(model(), kNow, &root)), "trusted");
  EXPECT_EQ(kind(kParty, leaf), "packed") << "without roots the form is checked all the same";
}

TEST_F(AttestationTest, WhoseTimeIsOverIsNotTrusted) {
  auto wish = model();
  wish.days = 1;
  const auto leaf = Maker::make(wish, kNow - std::chrono::days{10}, &root);
  EXPECT_EQ(kind(trusting, leaf), "refused");
  const auto old = Maker::root("Old Root", kNow - std::chrono::days{5000});
  old.write_pem(folder / "root.pem");
  trusting.roots = std::make_shared<const AttestationRoots>(AttestationRoots::load(folder.string()).value());
  EXPECT_EQ(kind(trusting, Maker::make(model(), kNow, &old)), "refused");
}

TEST_F(AttestationTest, ThePolicyRefusesKeysThatNobodyVouchesFor) {
  const auto client = client_json("webauthn.create");
  const auto data = authenticator.data(0x45);
  EXPECT_FALSE(check_registration(trusting, as_bytes(client), attestation(data), true, kNow));
  EXPECT_FALSE(check_registration(trusting, as_bytes(client), self_attestation(data, authenticator.sign(data, client)), true, kNow));
  auto noting = trusting;
  noting.attestation = AttestationPolicy::optional;
  EXPECT_TRUE(check_registration(noting, as_bytes(client), attestation(data), true, kNow));
}

TEST_F(AttestationTest, TheModelInTheCertificateIsTheModelOfTheKey) {
  EXPECT_EQ(kind(trusting, Maker::make(model(), kNow, &root)), "trusted");
  auto wish = model();
  wish.aaguid = extension_of(Uuid::parse("00000000-0000-0000-0000-000000000001").value());
  EXPECT_EQ(kind(trusting, Maker::make(wish, kNow, &root)), "refused");
  wish.aaguid = Bytes{kModel.bytes.begin(), kModel.bytes.end()};
  EXPECT_EQ(kind(trusting, Maker::make(wish, kNow, &root)), "refused") << "not wrapped";
  wish = model();
  wish.critical_aaguid = true;
  EXPECT_EQ(kind(trusting, Maker::make(wish, kNow, &root)), "refused") << "critical";
  wish.aaguid.reset();
  EXPECT_EQ(kind(trusting, Maker::make(wish, kNow, &root)), "trusted") << "a maker of one model needs no extension";
}

TEST_F(AttestationTest, ACertificateHasTheFormOfSection8_2_1) {
  const auto with = [&](auto change) {
    auto wish = model();
    change(wish);
    return kind(kParty, Maker::make(wish, kNow, &root));
  };
  EXPECT_EQ(with([](auto&) {}), "packed");
  EXPECT_EQ(with([](auto& w) { w.unit = "Attestation"; }), "refused");
  EXPECT_EQ(with([](auto& w) { w.unit.clear(); }), "refused");
  EXPECT_EQ(with([](auto& w) { w.country.clear(); }), "refused");
  EXPECT_EQ(with([](auto& w) { w.organization.clear(); }), "refused");
  EXPECT_EQ(with([](auto& w) { w.name.clear(); }), "refused");
  EXPECT_EQ(with([](auto& w) { w.authority = true; }), "refused");
  EXPECT_EQ(with([](auto& w) { w.authority.reset(); }), "refused");
  EXPECT_EQ(with([](auto& w) {
              w.version = 1;
              w.aaguid.reset();
            }),
            "refused");
}

TEST_F(AttestationTest, TheSignatureIsTheCertificatesKeys) {
  const auto leaf = Maker::make(model(), kNow, &root);
  auto thief = Maker::make(model(), kNow, &root);
  thief.key = Maker::root("Thief", kNow).key;  // has the certificate, not its key
  EXPECT_EQ(kind(trusting, thief), "refused");
  const auto client = client_json("webauthn.create");
  const auto data = authenticator.data(0x45);
  EXPECT_FALSE(
      check_registration(trusting, as_bytes(client), packed(data, leaf.sign(as_bytes("something else")), {leaf.der()}), true, kNow));
  EXPECT_EQ(kind(kParty, leaf, std::vector<Bytes>(AttestationRoots::kLongestChain, leaf.der())), "refused") << "too long a chain";
}

TEST_F(AttestationTest, AFolderWithoutCertificatesStopsTheStart) {
  EXPECT_FALSE(AttestationRoots::load((folder / "absent").string()));
  const auto empty = folder / "empty";
  std::filesystem::create_directories(empty);
  EXPECT_FALSE(AttestationRoots::load(empty.string()));
  std::ofstream{empty / "root.pem"} << "-----BEGIN NOTHING-----\n";
  EXPECT_FALSE(AttestationRoots::load(empty.string()));
  root.write_pem(empty / "other.txt");
  EXPECT_FALSE(AttestationRoots::load(empty.string())) << "other files are left alone";
}

}  // namespace
}  // namespace authx::auth::webauthn
