#include "base/encoding.h"
#include "services/auth/auth_api.h"
#include "services/auth/factors/totp.h"
#include "services/auth/passkey_body.h"

namespace authx::auth {
namespace {

using namespace http;

struct AccountMessage {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AccountMessage, (), (message))

struct ChangePassword {
  Password current_password;
  Password new_password;
  static constexpr auto example = R"({"current_password":"secure_password","new_password":"a longer and better one"})";
};
BOOST_DESCRIBE_STRUCT(ChangePassword, (), (current_password, new_password))

struct ResetRequest {
  Email email;
  static constexpr auto example = R"({"email":"john.doe@example.com"})";
};
BOOST_DESCRIBE_STRUCT(ResetRequest, (), (email))

struct ResetPassword {
  TokenText token;
  Password password;
  static constexpr auto example = R"({"token":"hJ3…","password":"a longer and better one"})";
};
BOOST_DESCRIBE_STRUCT(ResetPassword, (), (token, password))

struct ChangeEmail {
  Email email;
};
BOOST_DESCRIBE_STRUCT(ChangeEmail, (), (email))

struct ConfirmChange {
  TokenText token;
};
BOOST_DESCRIBE_STRUCT(ConfirmChange, (), (token))

struct ChangePhone {
  Phone phone;
};
BOOST_DESCRIBE_STRUCT(ChangePhone, (), (phone))

struct PhoneChange {
  std::string change_token;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PhoneChange, (), (change_token))

struct ConfirmPhone {
  TokenText change_token;
  Text<6, 32> code;
};
BOOST_DESCRIBE_STRUCT(ConfirmPhone, (), (change_token, code))

struct PasskeyItem {
  Uuid id;
  std::string label;
  bool backed_up = false;
  bool suspected = false;
  Time created_at;
  std::optional<Time> last_used_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PasskeyItem, (), (id, label, backed_up, suspected, created_at, last_used_at))

struct Factors {
  bool totp = false;
  std::int64_t recovery_codes_left = 0;
  std::vector<PasskeyItem> passkeys;
  std::vector<std::string> channels;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Factors, (), (totp, recovery_codes_left, passkeys, channels))

struct TotpEnrolment {
  std::string secret, otpauth_uri, qr_svg;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(TotpEnrolment, (), (secret, otpauth_uri, qr_svg))

struct TotpCode {
  Text<6, 32> code;
  static constexpr auto example = R"({"code":"492039"})";
};
BOOST_DESCRIBE_STRUCT(TotpCode, (), (code))

struct RecoveryCodes {
  std::vector<std::string> recovery_codes;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RecoveryCodes, (), (recovery_codes))

enum class ChannelKind { email, sms, face };
BOOST_DESCRIBE_ENUM(ChannelKind, email, sms, face)
struct ChannelPath {
  ChannelKind kind = ChannelKind::email;
};
BOOST_DESCRIBE_STRUCT(ChannelPath, (), (kind))

struct CreationOptions {
  AnyJson public_key;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(CreationOptions, (), (public_key))

struct NewPasskey {
  Text<1, 6000> client_data;
  Text<1, 22000> attestation_object;
  std::optional<List<Text<1, 30>, 0, 8>> transports;
  std::optional<Text<1, 60>> label;
};
BOOST_DESCRIBE_STRUCT(NewPasskey, (), (client_data, attestation_object, transports, label))

struct PasskeyAdded {
  Uuid id;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PasskeyAdded, (), (id))

struct PasskeyPath {
  Uuid passkey_id;
};
BOOST_DESCRIBE_STRUCT(PasskeyPath, (), (passkey_id))

AccountMessage say(const char* text) { return {text}; }

awaitable<Result<AccountMessage>> change_password(AccountService& service, const SignedIn& caller, ChangePassword in) {
  AX_CO_CHECK(co_await service.change_password(caller, std::move(in.current_password.value), std::move(in.new_password.value)));
  co_return say("Your password is changed; your other sessions are ended");
}

awaitable<Result<AccountMessage>> request_reset(AccountService& service, const Anonymous& caller, ResetRequest in) {
  AX_CO_CHECK(co_await service.request_reset(std::move(in.email.value), caller.request));
  co_return say("If this address has an account, a link is on its way");
}

awaitable<Result<AccountMessage>> reset(AccountService& service, const Anonymous& caller, ResetPassword in) {
  AX_CO_CHECK(co_await service.reset_password(std::move(in.token.value), std::move(in.password.value), caller.request));
  co_return say("Your password is changed; you can sign in now");
}

awaitable<Result<AccountMessage>> change_email(AccountService& service, const RecentlySignedIn& caller, ChangeEmail in) {
  AX_CO_CHECK(co_await service.request_email(caller, std::move(in.email.value)));
  co_return say("A link to confirm the new address is on its way");
}

awaitable<Result<AccountMessage>> confirm_email(AccountService& service, const Anonymous& caller, ConfirmChange in) {
  AX_CO_CHECK(co_await service.confirm_email(std::move(in.token.value), caller.request));
  co_return say("Your e-mail address is changed");
}

awaitable<Result<PhoneChange>> change_phone(AccountService& service, const RecentlySignedIn& caller, ChangePhone in) {
  AX_CO_TRY(const auto token, co_await service.request_phone(caller, std::move(in.phone.value)));
  PhoneChange out{token.expose()};
  co_return out;
}

awaitable<Result<AccountMessage>> confirm_phone(AccountService& service, const SignedIn& caller, ConfirmPhone in) {
  AX_CO_CHECK(co_await service.confirm_phone(caller, std::move(in.change_token.value), std::move(in.code.value)));
  co_return say("Your phone number is changed");
}

awaitable<Result<Factors>> factors(AccountService& service, const SignedIn& caller, Empty) {
  AX_CO_TRY(auto found, co_await service.factors(caller));
  Factors out;
  out.totp = found.totp;
  out.recovery_codes_left = found.recovery_codes;
  out.channels = std::move(found.channels);
  for (auto& key : found.passkeys)
    out.passkeys.push_back({key.id, std::move(key.label), key.backed_up, key.suspected_at.has_value(), key.created_at, key.last_used_at});
  co_return out;
}

awaitable<Result<TotpEnrolment>> begin_totp(AccountService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_TRY(auto made, co_await service.begin_totp(caller));
  TotpEnrolment out{std::move(made.secret), made.uri, totp::qr_svg(made.uri)};
  co_return out;
}

awaitable<Result<RecoveryCodes>> confirm_totp(AccountService& service, const RecentlySignedIn& caller, TotpCode in) {
  AX_CO_TRY(auto codes, co_await service.confirm_totp(caller, std::move(in.code.value)));
  RecoveryCodes out{std::move(codes)};
  co_return out;
}

awaitable<Result<RecoveryCodes>> recovery_codes(AccountService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_TRY(auto codes, co_await service.new_recovery_codes(caller));
  RecoveryCodes out{std::move(codes)};
  co_return out;
}

awaitable<Result<AccountMessage>> enable(AccountService& service, const RecentlySignedIn& caller, ChannelPath in) {
  AX_CO_CHECK(co_await service.enable_channel(caller, std::string{enum_name(in.kind)}));
  co_return say("The second factor is switched on");
}

awaitable<Result<AccountMessage>> remove(AccountService& service, const RecentlySignedIn& caller, ChannelPath in) {
  AX_CO_CHECK(co_await service.remove_factor(caller, std::string{enum_name(in.kind)}));
  co_return say("The second factor is removed");
}

awaitable<Result<AccountMessage>> remove_totp(AccountService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_CHECK(co_await service.remove_factor(caller, "totp"));
  co_return say("The authenticator app is removed");
}

awaitable<Result<CreationOptions>> creation_options(AccountService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_TRY(auto options, co_await service.passkey_creation(caller));
  CreationOptions out{{std::move(options)}};
  co_return out;
}

awaitable<Result<PasskeyAdded>> add_passkey(AccountService& service, const RecentlySignedIn& caller, NewPasskey in) {
  passkeys::NewPasskey made;
  AX_CO_TRY(made.client_data, decode_member("client_data", in.client_data.value));
  AX_CO_TRY(made.attestation_object, decode_member("attestation_object", in.attestation_object.value));
  if (in.transports) {
    constexpr std::array<std::string_view, 6> known{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"};
    for (auto& word : in.transports->value)
      if (std::ranges::find(known, std::string_view{word.value}) != known.end()) made.transports.push_back(std::move(word.value));
  }
  made.label = in.label ? std::move(in.label->value) : std::string{"Passkey"};
  AX_CO_TRY(const auto id, co_await service.add_passkey(caller, std::move(made)));
  PasskeyAdded out{id};
  co_return out;
}

awaitable<Result<AccountMessage>> remove_passkey(AccountService& service, const RecentlySignedIn& caller, PasskeyPath in) {
  AX_CO_CHECK(co_await service.remove_passkey(caller, in.passkey_id));
  co_return say("The passkey is removed");
}

awaitable<Result<AccountMessage>> erase(AccountService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_CHECK(co_await service.erase(caller));
  co_return say("Your account and all that belongs to it is erased");
}

}  // namespace

void add_account_routes(Router& router, AccountService& service) {
  constexpr std::string_view account = "Account";
  constexpr std::string_view second = "Second factors";
  router.post("/auth/password/change", service, &change_password,
              {.operation_id = "changePassword",
               .summary = "Change the password, knowing the present one; other sessions end",
               .tag = account,
               .bucket = "auth",
               .errors = {Errc::invalid_credentials, Errc::insufficient_authentication}});
  router.post("/auth/password/reset", service, &request_reset,
              {.operation_id = "requestPasswordReset",
               .summary = "Have a link sent that sets a new password; the answer does not tell whether the address has an account",
               .tag = account,
               .bucket = "auth"});
  router.post(
      "/auth/password/reset/confirm", service, &reset,
      {.operation_id = "resetPassword", .summary = "Set a new password with the token from the link", .tag = account, .bucket = "auth"});
  router.post("/auth/email/change", service, &change_email,
              {.operation_id = "changeEmail", .summary = "Have a link sent to a new e-mail address", .tag = account, .bucket = "auth"});
  router.post("/auth/email/change/confirm", service, &confirm_email,
              {.operation_id = "confirmEmailChange",
               .summary = "Change the e-mail address with the token from the link",
               .tag = account,
               .bucket = "auth",
               .errors = {Errc::conflict}});
  router.post("/auth/phone/change", service, &change_phone,
              {.operation_id = "changePhone", .summary = "Have a code sent to a new phone number", .tag = account, .bucket = "auth"});
  router.post("/auth/phone/change/confirm", service, &confirm_phone,
              {.operation_id = "confirmPhoneChange", .summary = "Change the phone number with the code", .tag = account, .bucket = "auth"});
  router.add(Method::del, "/users/me", service, &erase,
             {.operation_id = "eraseAccount", .summary = "Erase the caller's account and everything of theirs", .tag = account});

  router.get("/auth/factors", service, &factors, {.operation_id = "listFactors", .summary = "The caller's second factors", .tag = second});
  router.post("/auth/factors/totp", service, &begin_totp,
              {.operation_id = "beginTotp",
               .summary = "A secret for an authenticator app, with its QR code; it counts once it is confirmed",
               .tag = second,
               .errors = {Errc::conflict}});
  router.post("/auth/factors/totp/confirm", service, &confirm_totp,
              {.operation_id = "confirmTotp",
               .summary = "Prove that the app has the secret; answers recovery codes if there are none",
               .tag = second,
               .bucket = "auth"});
  router.post("/auth/factors/recovery-codes", service, &recovery_codes,
              {.operation_id = "makeRecoveryCodes",
               .summary = "New recovery codes in place of the old",
               .tag = second,
               .errors = {Errc::conflict}});
  router.post("/auth/factors/{kind}/enable", service, &enable,
              {.operation_id = "enableFactor",
               .summary = "Switch on codes by e-mail or SMS, or the face, as a second factor",
               .tag = second,
               .errors = {Errc::conflict, Errc::capability_unavailable}});
  router.add(Method::del, "/auth/factors/totp", service, &remove_totp,
             {.operation_id = "removeTotp", .summary = "Remove the authenticator app", .tag = second, .errors = {Errc::not_found}});
  router.add(Method::del, "/auth/factors/{kind}/enable", service, &remove,
             {.operation_id = "disableFactor", .summary = "Switch such a second factor off", .tag = second, .errors = {Errc::not_found}});
  router.post("/auth/passkeys/options", service, &creation_options,
              {.operation_id = "passkeyCreationOptions", .summary = "What navigator.credentials.create is called with", .tag = second});
  router.post("/auth/passkeys", service, &add_passkey,
              {.operation_id = "addPasskey", .summary = "Add a passkey", .tag = second, .success = 201, .errors = {Errc::conflict}});
  router.add(Method::del, "/auth/passkeys/{passkey_id}", service, &remove_passkey,
             {.operation_id = "removePasskey", .summary = "Remove a passkey", .tag = second, .errors = {Errc::not_found}});
}

}  // namespace authx::auth
