#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "services/providers/http_provider.h"
#include "services/providers/signing.h"

namespace authx::providers {
namespace {

struct KeyPair {
  SecretText secret;
  std::string known;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

KeyPair new_pair(unsigned bits = 2048) {
  EVP_PKEY* key = EVP_RSA_gen(bits);
  BIO* secret = BIO_new(BIO_s_mem());
  BIO* known = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_PUBKEY(known, key);
  KeyPair out{SecretText{text_of(secret)}, text_of(known)};
  BIO_free(secret);
  BIO_free(known);
  EVP_PKEY_free(key);
  return out;
}

TEST(DetachedJws, HoldsForItsBodyAndKeyOnly) {
  const auto pair = new_pair();
  const auto jws = sign_detached(pair.secret, "key-1", R"({"pan":"x"})");
  ASSERT_TRUE(jws);
  EXPECT_TRUE(verify_detached(pair.known, *jws, R"({"pan":"x"})"));
  EXPECT_FALSE(verify_detached(pair.known, *jws, R"({"pan":"y"})"));
  EXPECT_FALSE(verify_detached(new_pair().known, *jws, R"({"pan":"x"})"));
  auto altered = *jws;
  altered[3] = altered[3] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(verify_detached(pair.known, altered, R"({"pan":"x"})"));
}

TEST(DetachedJws, RefusesOtherFormsAndAlgorithms) {
  const auto pair = new_pair();
  // {"alg":"none"}; {"alg":"HS256","b64":false,"crit":["b64"]}; {"alg":"RS256"}
  for (const auto* jws : {"", "a", "..", "a..b", "eyJhbGciOiJub25lIn0..", "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..AAAA",
                          "eyJhbGciOiJSUzI1NiJ9..AAAA"})
    EXPECT_FALSE(verify_detached(pair.known, jws, "body")) << jws;
}

TEST(DetachedJws, ShortAndForeignKeysAreRefused) {
  EXPECT_TRUE(check_private_key(new_pair().secret));
  EXPECT_FALSE(check_private_key(new_pair(1024).secret));
  EXPECT_FALSE(check_private_key(SecretText{"no key"}));
  EXPECT_FALSE(check_public_key(new_pair(1024).known));
}

TEST(Interpret, OnlyAValidDocumentThatAgreesIsConfirmed) {
  const auto is = [](int status, std::string_view body, Answer answer, std::string_view reason) {
    const auto out = interpret(status, body);
    EXPECT_EQ(out.answer, answer) << status << " " << body;
    EXPECT_EQ(out.reason, reason) << status << " " << body;
  };
  is(200, R"({"status":"valid","name_match":true})", Answer::confirmed, "matches");
  is(200, R"({"transaction_id":"t","data":{"status":"valid","dob_match":true}})", Answer::confirmed, "matches");
  is(200, R"({"status":"valid","name_match":true,"dob_match":false})", Answer::refuted, "birth_date_differs");
  is(200, R"({"status":"valid","name_match":false,"dob_match":true})", Answer::refuted, "name_differs");
  is(200, R"({"status":"valid","name_match":null,"dob_match":null})", Answer::unknown, "nothing_compared");
  is(200, R"({"status":"VALID","name_match":true})", Answer::unknown, "answer_malformed");
  is(200, R"({"name_match":true})", Answer::unknown, "answer_malformed");
  is(204, R"({"status":"valid","name_match":true})", Answer::unknown, "answer_malformed");
  is(404, R"({"status":"not_found"})", Answer::refuted, "number_unknown");
  is(404, "no such path", Answer::unknown, "request_refused");
  is(401, R"({"status":"valid","name_match":true})", Answer::unknown, "provider_refused");
  is(409, R"({"status":"valid","name_match":true})", Answer::unknown, "request_refused");
  EXPECT_EQ(interpret(200, R"({"transaction_id":"t","data":{"status":"valid","dob_match":true}})").reference, "t");
}

TEST(Kinds, OnlyTypesThatAProviderKnowsHaveOne) {
  EXPECT_EQ(kind_of("pan"), Kind::pan);
  EXPECT_EQ(kind_of("aadhaar"), Kind::aadhaar);
  EXPECT_FALSE(kind_of("mrz_card"));
  EXPECT_FALSE(kind_of(""));
}

}  // namespace
}  // namespace authx::providers
