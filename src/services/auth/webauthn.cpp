#include "services/auth/webauthn.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/cbor.h"
#include "crypto/cose.h"
#include "crypto/hash.h"

namespace authx::auth::webauthn {
namespace {

constexpr std::size_t kMaxClientData = 4096;
constexpr std::size_t kMaxCredentialId = 1023;

Error fault(const char* reason) { return Error::invalid("credential", reason); }

Result<Attestation> check_attestation(const RelyingParty& party, const crypto::cbor::Item& object, const Credential& credential,
                                      BytesView auth_data, BytesView client_data, Time now) {
  using crypto::cbor::Kind;
  const auto* format = object.find("fmt");
  const auto* statement = object.find("attStmt");
  if (format == nullptr || format->kind != Kind::text || statement == nullptr || statement->kind != Kind::map)
    return fault("has no attestation statement");
  if (format->text() == "none") {
    if (!statement->members.empty()) return fault("has an attestation statement where none should be");
    return Attestation{"none", std::nullopt};
  }
  if (format->text() != "packed") return fault("has an attestation format that is not taken");
  const auto* algorithm = statement->find("alg");
  const auto* signature = statement->find("sig");
  const auto* chain = statement->find("x5c");
  if (algorithm == nullptr || algorithm->kind != Kind::integer || signature == nullptr || signature->kind != Kind::bytes)
    return fault("has an incomplete attestation statement");
  Bytes message{auth_data.begin(), auth_data.end()};
  const auto digest = crypto::sha256(client_data);
  message.insert(message.end(), digest.begin(), digest.end());
  if (chain == nullptr) {
    AX_TRY(const auto key, crypto::CoseKey::parse(credential.public_key));
    if (static_cast<std::int64_t>(key.algorithm()) != algorithm->integer || !key.verify(message, signature->bytes))
      return fault("has a wrong attestation signature");
    return Attestation{"self", std::nullopt};
  }
  if (chain->kind != Kind::array || chain->items.empty() || chain->items.size() > AttestationRoots::kLongestChain ||
      !std::ranges::all_of(chain->items, [](const auto& item) { return item.kind == Kind::bytes; }) ||
      !is_attestation_certificate(chain->items[0].bytes, credential.aaguid))
    return fault("has an attestation certificate of a wrong form");
  const auto wanted = algorithm->integer;
  if (wanted != -7 && wanted != -8 && wanted != -257) return fault("has an attestation algorithm that is not taken");
  AX_TRY(const auto key, crypto::CoseKey::of_certificate(chain->items[0].bytes, static_cast<crypto::CoseAlgorithm>(wanted)));
  if (!key.verify(message, signature->bytes)) return fault("has a wrong attestation signature");
  if (!party.roots) return Attestation{"packed", std::nullopt};
  std::vector<BytesView> certificates;
  for (const auto& item : chain->items) certificates.emplace_back(item.bytes);
  auto root = party.roots->root_of(certificates, now);
  return Attestation{root ? "trusted" : "packed", std::move(root)};
}

/// What both ceremonies check; the reason when something is wrong.
const char* check_common(const RelyingParty& party, const ClientData& client, std::string_view type, const AuthenticatorData& data,
                         bool need_verified) {
  if (client.type != type) return "is of another ceremony";
  if (client.cross_origin) return "comes from a frame of another origin";
  if (std::ranges::find(party.origins, client.origin) == party.origins.end()) return "comes from another origin";
  if (!crypto::constant_time_equal(data.rp_id_hash, crypto::sha256(as_bytes(party.id)))) return "is for another relying party";
  if (!data.user_present) return "came without the user's presence";
  if (need_verified && !data.user_verified) return "came without the user's verification";
  if (data.backed_up && !data.backup_eligible) return "says that it is backed up and cannot be";
  return nullptr;
}

}  // namespace

Result<ClientData> parse_client_data(BytesView bytes) {
  if (bytes.size() > kMaxClientData) return fault("has too long client data");
  const auto parsed = parse_json(as_text(bytes));
  if (!parsed || !parsed->is_object()) return fault("has malformed client data");
  const auto type = get_text(*parsed, "type");
  const auto challenge = get_text(*parsed, "challenge");
  const auto origin = get_text(*parsed, "origin");
  if (!type || !challenge || !origin) return fault("has incomplete client data");
  const auto decoded = base64url_decode(*challenge);
  if (!decoded) return fault("has a malformed challenge");
  ClientData out;
  out.type = *type;
  out.origin = *origin;
  out.challenge = *decoded;
  out.cross_origin = get_bool(*parsed, "crossOrigin").value_or(false) || find(*parsed, "topOrigin") != nullptr;
  return out;
}

Result<AuthenticatorData> parse_authenticator_data(BytesView in) {
  constexpr std::size_t fixed = 32 + 1 + 4;
  if (in.size() < fixed || in.size() > 16 * 1024) return fault("has authenticator data of a wrong size");
  AuthenticatorData out;
  out.rp_id_hash.assign(in.begin(), in.begin() + 32);
  const auto flags = in[32];
  out.user_present = (flags & 0x01U) != 0;
  out.user_verified = (flags & 0x04U) != 0;
  out.backup_eligible = (flags & 0x08U) != 0;
  out.backed_up = (flags & 0x10U) != 0;
  for (std::size_t i = 33; i < fixed; ++i) out.sign_count = out.sign_count << 8 | in[i];
  auto rest = in.subspan(fixed);
  if ((flags & 0x40U) != 0) {
    if (rest.size() < 18) return fault("has authenticator data that ends early");
    Credential credential;
    std::copy_n(rest.begin(), 16, credential.aaguid.bytes.begin());
    const std::size_t size = std::size_t{rest[16]} << 8 | rest[17];
    rest = rest.subspan(18);
    if (size < 16 || size > kMaxCredentialId || size > rest.size()) return fault("has an id of a wrong size");
    credential.id.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    rest = rest.subspan(size);
    AX_TRY(const auto key, crypto::CoseKey::parse_prefix(rest));
    credential.public_key.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(key.size));
    rest = rest.subspan(key.size);
    out.credential = std::move(credential);
  }
  if ((flags & 0x80U) != 0) {
    AX_TRY(const auto extensions, crypto::cbor::parse(rest));
    if (extensions.item.kind != crypto::cbor::Kind::map) return fault("has malformed extensions");
    rest = rest.subspan(extensions.size);
  }
  if (!rest.empty()) return fault("has bytes after the authenticator data");
  return out;
}

Result<Registration> check_registration(const RelyingParty& party, BytesView client_data, BytesView attestation_object, bool need_verified,
                                        Time now) {
  AX_TRY(const auto client, parse_client_data(client_data));
  AX_TRY(const auto parsed, crypto::cbor::parse(attestation_object));
  if (parsed.item.kind != crypto::cbor::Kind::map || parsed.size != attestation_object.size()) return fault("has a malformed attestation");
  const auto* auth_data = parsed.item.find("authData");
  if (auth_data == nullptr || auth_data->kind != crypto::cbor::Kind::bytes) return fault("has no authenticator data");
  Registration out;
  AX_TRY(out.data, parse_authenticator_data(auth_data->bytes));
  if (!out.data.credential) return fault("has no key");
  if (const auto* wrong = check_common(party, client, "webauthn.create", out.data, need_verified)) return fault(wrong);
  AX_TRY(out.attestation, check_attestation(party, parsed.item, *out.data.credential, auth_data->bytes, client_data, now));
  if (party.attestation == AttestationPolicy::trusted && out.attestation.kind != "trusted")
    return fault("is not vouched for by a maker that this server trusts");
  return out;
}

Result<AuthenticatorData> check_assertion(const RelyingParty& party, BytesView client_data, BytesView authenticator_data,
                                          BytesView signature, BytesView public_key, bool need_verified) {
  const auto refused = [](std::string why) { return Error{Errc::invalid_credentials, "passkey " + std::move(why)}; };
  const auto client = parse_client_data(client_data);
  if (!client) return refused("client data");
  auto data = parse_authenticator_data(authenticator_data);
  if (!data) return refused("authenticator data");
  if (const auto* wrong = check_common(party, *client, "webauthn.get", *data, need_verified)) return refused(wrong);
  const auto key = crypto::CoseKey::parse(public_key);
  if (!key) return Error{Errc::internal, "a stored public key does not parse"};
  Bytes message{authenticator_data.begin(), authenticator_data.end()};
  const auto digest = crypto::sha256(client_data);
  message.insert(message.end(), digest.begin(), digest.end());
  if (!key->verify(message, signature)) return refused("signature");
  return std::move(*data);
}

bool counter_plausible(std::int64_t stored, std::uint32_t now) noexcept { return (stored == 0 && now == 0) || now > stored; }

}  // namespace authx::auth::webauthn
