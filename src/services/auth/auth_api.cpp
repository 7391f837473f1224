#include "services/auth/auth_api.h"

#include "services/auth/login_answer.h"

namespace authx::auth {
namespace {

using namespace http;

struct RegisterRequest {
  Text<1, 255> name;
  Email email;
  std::optional<Password> password;
  std::optional<Phone> phone;
  std::optional<Date> dob;
  std::optional<Text<1, 500>> address;
  static constexpr auto example =
      R"({"name":"John Doe","email":"john.doe@example.com","phone":"+919876543210","dob":"1990-01-01","address":"123 Main St, Mumbai, India"})";
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (), (name, email, password, phone, dob, address))

struct RegisterResult {
  Uuid user_id;
  std::string message;
  bool verification_required = true;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RegisterResult, (), (user_id, message, verification_required))

struct LoginRequest {
  Email email;
  Password password;
  std::optional<bool> cookie;  // keep the refresh token in an HttpOnly cookie instead of in the answer
  static constexpr auto example = R"({"email":"john.doe@example.com","password":"secure_password"})";
};
BOOST_DESCRIBE_STRUCT(LoginRequest, (), (email, password, cookie))

struct SetupRequest {
  TokenText token;
  Password password;
  static constexpr auto example = R"({"token":"hJ3…","password":"secure_password"})";
};
BOOST_DESCRIBE_STRUCT(SetupRequest, (), (token, password))

struct ConfirmRequest {
  TokenText token;
  static constexpr auto example = R"({"token":"hJ3…"})";
};
BOOST_DESCRIBE_STRUCT(ConfirmRequest, (), (token))

struct Message {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Message, (), (message))

struct Profile {
  Uuid id;
  std::string name, email;
  std::optional<std::string> phone, dob, address;
  std::string role;
  bool email_verified = false;
  bool phone_verified = false;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (id, name, email, phone, dob, address, role, email_verified, phone_verified, created_at))

awaitable<Result<RegisterResult>> register_user(AuthService& service, const Anonymous& caller, RegisterRequest in) {
  users::NewUser user;
  user.name = std::move(in.name.value);
  user.email = std::move(in.email.value);
  if (in.phone) user.phone = std::move(in.phone->value);
  if (in.dob) user.dob = format_date(*in.dob);
  if (in.address) user.address = std::move(in.address->value);
  std::optional<SecretText> password;
  if (in.password) password = std::move(in.password->value);
  AX_CO_TRY(const auto id, co_await service.register_user(std::move(user), std::move(password), caller.request));
  RegisterResult out{id, "User registered successfully", true};
  co_return out;
}

awaitable<Result<LoginAnswer>> login(AuthService& service, const Visitor& caller, LoginRequest in) {
  const bool cookie = in.cookie.value_or(false);
  AX_CO_TRY(auto entered, co_await service.login(std::move(in.email.value), std::move(in.password.value), client_of(caller, cookie)));
  co_return answer_with(service.sessions(), std::move(entered), cookie);
}

awaitable<Result<Message>> setup(AuthService& service, const Anonymous& caller, SetupRequest in) {
  AX_CO_CHECK(co_await service.set_password(std::move(in.token.value), std::move(in.password.value), caller.request));
  Message out{"Your password is set; you can sign in now"};
  co_return out;
}

awaitable<Result<Message>> confirm(AuthService& service, const Anonymous& caller, ConfirmRequest in) {
  AX_CO_CHECK(co_await service.verify_email(std::move(in.token.value), caller.request));
  Message out{"Your e-mail address is confirmed"};
  co_return out;
}

awaitable<Result<Profile>> me(AuthService& service, const SignedIn& caller, Empty) {
  AX_CO_TRY(auto user, co_await service.me(caller.id, caller.request));
  Profile out{user.id,
              std::move(user.name),
              std::move(user.email),
              std::move(user.phone),
              std::move(user.dob),
              std::move(user.address),
              std::string{to_string(user.role)},
              user.email_verified,
              user.phone_verified,
              user.created_at};
  co_return out;
}

}  // namespace

void add_routes(Router& router, AuthService& service) {
  router.post("/auth/register", service, &register_user,
              {.operation_id = "registerUser",
               .summary = "Register a new account. Without a password, a link to set one is sent by e-mail.",
               .tag = "Authentication",
               .success = 201,
               .bucket = "auth"});
  router.post("/auth/login", service, &login,
              {.operation_id = "login",
               .summary = "Exchange e-mail and password for tokens; with second factors, for a challenge token that one of them answers",
               .tag = "Authentication",
               .bucket = "auth",
               .errors = {Errc::invalid_credentials}});
  router.post("/auth/password/setup", service, &setup,
              {.operation_id = "setPassword",
               .summary = "Set the first password with the token from the link",
               .tag = "Authentication",
               .bucket = "auth"});
  router.post("/auth/email/verify", service, &confirm,
              {.operation_id = "confirmEmail",
               .summary = "Confirm an e-mail address with the token from the link",
               .tag = "Authentication",
               .bucket = "auth"});
  add_session_routes(router, service);
  add_factor_routes(router, service);
  router.get("/users/me", service, &me,
             {.operation_id = "getProfile", .summary = "The caller's own account", .tag = "Users", .errors = {Errc::not_found}});
}

}  // namespace authx::auth
