#include "base/encoding.h"
#include "services/auth/auth_api.h"
#include "services/auth/cookies.h"
#include "services/auth/login_answer.h"
#include "services/auth/passkey_body.h"

namespace authx::auth {
namespace {

using namespace http;

enum class SecondMethod { passkey, totp, sms, email, recovery_code };
BOOST_DESCRIBE_ENUM(SecondMethod, passkey, totp, sms, email, recovery_code)

enum class CodeChannel { email, sms };
BOOST_DESCRIBE_ENUM(CodeChannel, email, sms)

struct ProofRequest {
  TokenText challenge_token;
  SecondMethod method = SecondMethod::totp;
  std::optional<Text<6, 32>> code;
  std::optional<CredentialId> credential_id;  // of method passkey, and what follows
  std::optional<ClientDataJson> client_data;
  std::optional<AuthenticatorBytes> authenticator_data;
  std::optional<SignatureBytes> signature;
  std::optional<bool> cookie;
  static constexpr auto example = R"({"challenge_token":"hJ3…","method":"totp","code":"492039"})";
};
BOOST_DESCRIBE_STRUCT(ProofRequest, (), (challenge_token, method, code, credential_id, client_data, authenticator_data, signature, cookie))

struct CodeRequest {
  TokenText challenge_token;
  CodeChannel method = CodeChannel::email;
  static constexpr auto example = R"({"challenge_token":"hJ3…","method":"email"})";
};
BOOST_DESCRIBE_STRUCT(CodeRequest, (), (challenge_token, method))

struct FactorChallengeRequest {
  TokenText challenge_token;
  static constexpr auto example = R"({"challenge_token":"hJ3…"})";
};
BOOST_DESCRIBE_STRUCT(FactorChallengeRequest, (), (challenge_token))

struct FaceProof {
  TokenText challenge_token;
  UploadedFile face_image;
};
BOOST_DESCRIBE_STRUCT(FaceProof, (), (challenge_token, face_image))

struct PasskeyLogin {
  CredentialId credential_id;
  ClientDataJson client_data;
  AuthenticatorBytes authenticator_data;
  SignatureBytes signature;
  std::optional<UserHandle> user_handle;
  std::optional<bool> cookie;
};
BOOST_DESCRIBE_STRUCT(PasskeyLogin, (), (credential_id, client_data, authenticator_data, signature, user_handle, cookie))

struct PasskeyOptions {
  AnyJson public_key;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PasskeyOptions, (), (public_key))

struct StepUpRequest {
  Password password;
  static constexpr auto example = R"({"password":"secure_password"})";
};
BOOST_DESCRIBE_STRUCT(StepUpRequest, (), (password))

struct Sent {
  bool sent = true;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Sent, (), (sent))

struct Recovered {
  bool recovered = true;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Recovered, (), (recovered))

struct RelatedOrigins {
  std::vector<std::string> origins;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RelatedOrigins, (), (origins))

Result<passkeys::Assertion> assertion_of(const CredentialId& id, const ClientDataJson& client_data, const AuthenticatorBytes& data,
                                         const SignatureBytes& signature) {
  passkeys::Assertion out;
  AX_TRY(out.credential_id, decode_member("credential_id", id.value));
  AX_TRY(out.client_data, decode_member("client_data", client_data.value));
  AX_TRY(out.authenticator_data, decode_member("authenticator_data", data.value));
  AX_TRY(out.signature, decode_member("signature", signature.value));
  return out;
}

awaitable<Result<WithHeaders<LoginResult>>> prove(AuthService& service, const Visitor& caller, ProofRequest in) {
  const bool cookie = in.cookie.value_or(false);
  SecondProof proof;
  proof.method = enum_name(in.method);
  if (in.method == SecondMethod::passkey) {
    if (!in.credential_id || !in.client_data || !in.authenticator_data || !in.signature) {
      Result<WithHeaders<LoginResult>> refused{
          Error::invalid("credential_id", "is required with client_data, authenticator_data, signature")};
      co_return refused;
    }
    AX_CO_TRY(proof.assertion, assertion_of(*in.credential_id, *in.client_data, *in.authenticator_data, *in.signature));
  } else {
    if (!in.code) {
      Result<WithHeaders<LoginResult>> refused{Error::invalid("code", "is required")};
      co_return refused;
    }
    proof.code = std::move(in.code->value);
  }
  AX_CO_TRY(auto tokens, co_await service.prove(std::move(in.challenge_token.value), std::move(proof), client_of(caller, cookie)));
  co_return answer_with(service.sessions(), std::move(tokens), cookie);
}

awaitable<Result<WithHeaders<LoginResult>>> prove_face(AuthService& service, const Visitor& caller, FaceProof in) {
  Bytes image{in.face_image.bytes().begin(), in.face_image.bytes().end()};
  AX_CO_TRY(auto tokens, co_await service.prove_face(std::move(in.challenge_token.value), std::move(image), client_of(caller, false)));
  co_return answer_with(service.sessions(), std::move(tokens), false);
}

awaitable<Result<Sent>> send_code(AuthService& service, const Anonymous& caller, CodeRequest in) {
  AX_CO_CHECK(co_await service.send_code(std::move(in.challenge_token.value), std::string{enum_name(in.method)}, caller.request));
  Sent out;
  co_return out;
}

awaitable<Result<PasskeyOptions>> second_options(AuthService& service, const Anonymous&, FactorChallengeRequest in) {
  AX_CO_TRY(auto options, co_await service.second_passkey_options(std::move(in.challenge_token.value)));
  PasskeyOptions out{{std::move(options)}};
  co_return out;
}

awaitable<Result<PasskeyOptions>> login_options(AuthService& service, const Anonymous& caller, Empty) {
  AX_CO_TRY(auto options, co_await service.passkey_options(caller.request));
  PasskeyOptions out{{std::move(options)}};
  co_return out;
}

awaitable<Result<WithHeaders<LoginResult>>> passkey_login(AuthService& service, const Visitor& caller, PasskeyLogin in) {
  const bool cookie = in.cookie.value_or(false);
  AX_CO_TRY(auto assertion, assertion_of(in.credential_id, in.client_data, in.authenticator_data, in.signature));
  if (in.user_handle) {
    AX_CO_TRY(assertion.user_handle, decode_member("user_handle", in.user_handle->value));
  }
  AX_CO_TRY(auto tokens, co_await service.login_with_passkey(std::move(assertion), client_of(caller, cookie)));
  co_return answer_with(service.sessions(), std::move(tokens), cookie);
}

awaitable<Result<LoginAnswer>> step_up(AuthService& service, const SignedIn& caller, StepUpRequest in) {
  AX_CO_TRY(auto entered, co_await service.step_up(caller, std::move(in.password.value)));
  co_return answer_with(service.sessions(), std::move(entered), false);
}

awaitable<Result<WithHeaders<LoginResult>>> begin_recovery(AuthService& service, const Visitor& caller, FactorChallengeRequest in) {
  AX_CO_TRY(auto tokens, co_await service.begin_recovery(std::move(in.challenge_token.value), client_of(caller, false)));
  co_return answer_with(service.sessions(), std::move(tokens), false);
}

awaitable<Result<Recovered>> finish_recovery(AuthService& service, const SignedIn& caller, Empty) {
  AX_CO_CHECK(co_await service.finish_recovery(caller));
  Recovered out;
  co_return out;
}

awaitable<Result<Bare<RelatedOrigins>>> related_origins(AuthService& service, const Anonymous&, Empty) {
  Bare<RelatedOrigins> out{{service.core().options.passkeys.origins}};
  co_return out;
}

}  // namespace

Result<Bytes> decode_member(std::string_view name, std::string_view text) {
  auto bytes = base64url_decode(text);
  if (!bytes || bytes->empty()) return Error::invalid(std::string{name}, "must be base64url without padding");
  return std::move(*bytes);
}

void add_factor_routes(Router& router, AuthService& service) {
  constexpr std::string_view tag = "Second factors";
  router.post("/auth/mfa/verify", service, &prove,
              {.operation_id = "proveSecondFactor",
               .summary = "Finish a sign-in or a step-up with a second factor",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials}});
  router.post("/auth/mfa/face", service, &prove_face,
              {.operation_id = "proveFace",
               .summary = "Finish a sign-in or a step-up with a live face, compared with the verified identity",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials, Errc::capability_unavailable}});
  router.post("/auth/mfa/code", service, &send_code,
              {.operation_id = "sendSecondFactorCode",
               .summary = "Send a code by e-mail or SMS for this sign-in",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials}});
  router.post("/auth/mfa/passkey/options", service, &second_options,
              {.operation_id = "secondPasskeyOptions",
               .summary = "What navigator.credentials.get is called with to finish this sign-in",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials}});
  router.post("/auth/passkeys/login/options", service, &login_options,
              {.operation_id = "passkeyLoginOptions",
               .summary = "What navigator.credentials.get is called with to sign in without a name",
               .tag = tag,
               .bucket = "auth"});
  router.post("/auth/passkeys/login", service, &passkey_login,
              {.operation_id = "loginWithPasskey",
               .summary = "Sign in with a passkey",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials}});
  router.post("/auth/step-up", service, &step_up,
              {.operation_id = "stepUp",
               .summary = "Prove anew who you are, after INSUFFICIENT_USER_AUTHENTICATION",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials, Errc::forbidden}});
  router.post("/auth/recovery/start", service, &begin_recovery,
              {.operation_id = "beginRecovery",
               .summary = "Without any second factor left: a session that may only verify its identity anew",
               .tag = tag,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials, Errc::conflict, Errc::capability_unavailable}});
  router.post("/auth/recovery/complete", service, &finish_recovery,
              {.operation_id = "finishRecovery",
               .summary = "Remove the lost second factors, after a new approved verification of the same person",
               .tag = tag,
               .errors = {Errc::forbidden, Errc::conflict, Errc::capability_unavailable}});
  router.get("//.well-known/webauthn", service, &related_origins,
             {.operation_id = "relatedOrigins", .summary = "Origins that may use this server's passkeys", .tag = tag});
}

}  // namespace authx::auth
