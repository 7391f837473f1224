#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "services/auth/webauthn.h"

namespace authx::auth::webauthn {

inline const RelyingParty kParty{.id = "id.example.org", .origins = {"https://id.example.org", "https://app.example.org"}};
inline const Time kNow{std::chrono::seconds{1'790'000'000}};
inline const std::string kChallenge = "c2l4dGVlbi1ieXRlcy0hIQ";

inline std::string client_json(std::string_view type, std::string_view origin = "https://id.example.org", std::string_view more = "") {
  return R"({"type":")" + std::string{type} + R"(","challenge":")" + kChallenge + R"(","origin":")" + std::string{origin} + "\"" +
         std::string{more} + "}";
}

/// A program that behaves as an authenticator with an Ed25519 key.
struct Authenticator {
  crypto::Ed25519 key = crypto::Ed25519::from_seed(SecretBytes{Bytes(32, 7)}).value();
  Bytes id = Bytes(32, 9);
  Uuid aaguid;
  std::uint32_t count = 0;

  Bytes cose() const {
    auto out = hex_decode("a4010103272006215820").value();
    out.insert(out.end(), key.public_key().begin(), key.public_key().end());
    return out;
  }
  Bytes data(std::uint8_t flags, std::string_view party = "id.example.org") const {
    const auto hash = crypto::sha256(as_bytes(party));
    Bytes out{hash.begin(), hash.end()};
    out.push_back(flags);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(count >> shift));
    if ((flags & 0x40U) != 0) {
      out.insert(out.end(), aaguid.bytes.begin(), aaguid.bytes.end());
      out.push_back(0);
      out.push_back(static_cast<std::uint8_t>(id.size()));
      out.insert(out.end(), id.begin(), id.end());
      const auto pub = cose();
      out.insert(out.end(), pub.begin(), pub.end());
    }
    return out;
  }
  Bytes sign(BytesView auth_data, std::string_view client) const {
    Bytes message{auth_data.begin(), auth_data.end()};
    const auto hash = crypto::sha256(as_bytes(client));
    message.insert(message.end(), hash.begin(), hash.end());
    return key.sign(message);
  }
};

/// {"fmt": "none", "attStmt": {}, "authData": data}
inline Bytes attestation(const Bytes& data) {
  auto out = hex_decode("a363666d74646e6f6e656761747453746d74a0686175746844617461").value();
  out.push_back(0x58);
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

/// {"fmt": "packed", "attStmt": {"alg": -8, "sig": signature}, "authData": data}
inline Bytes self_attestation(const Bytes& data, const Bytes& signature) {
  auto out = hex_decode("a363666d74667061636b65646761747453746d74a263616c6727637369675840").value();
  out.insert(out.end(), signature.begin(), signature.end());
  const auto tail = hex_decode("68617574684461746158").value();
  out.insert(out.end(), tail.begin(), tail.end());
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

}  // namespace authx::auth::webauthn
