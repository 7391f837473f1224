#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "app/commands.h"
#include "base/time.h"
#include "engines/document/evidence/code_evidence.h"
#include "engines/document/evidence/file_evidence.h"
#include "engines/document/evidence/secure_qr.h"
#include "engines/document/reading.h"
#include "imaging/decode.h"

namespace authx::app {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds{30};

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> qr_keys;
  std::vector<std::string> kyc_keys;
  std::vector<std::string> pdf_anchors;
  std::vector<std::string> csca;
  std::string secret_file;
  std::string email;
  std::string mobile;
};

Result<std::vector<std::string>> texts_of(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& p : paths) {
    AX_TRY(const auto bytes, read_file(p, std::size_t{8} << 20));
    out.emplace_back(as_text(bytes));
  }
  return out;
}

json::value to_json(const document::Evidence& e) {
  json::array claims;
  for (const auto& c : e.claims) claims.push_back({{"name", c.name}, {"value", c.value}, {"normalised", c.normalised}, {"valid", c.valid}});
  json::array warnings;
  for (const auto& w : e.warnings) warnings.emplace_back(w);
  json::array quad;
  for (const auto& p : e.place.value_or(imaging::Quad{})) quad.push_back(json::array{p.x, p.y});
  json::value portrait = nullptr;
  if (e.portrait) portrait = {{"width", e.portrait->width}, {"height", e.portrait->height}};
  return {{"kind", document::to_string(e.kind)},
          {"state", document::to_string(e.state)},
          {"format", e.format},
          {"key_name", e.key_name},
          {"key_fingerprint", e.key_fingerprint},
          {"signed_at", e.signed_at ? json::value(format_time(*e.signed_at)) : json::value(nullptr)},
          {"claims", claims},
          {"has_email_hash", !e.contact.email.empty()},
          {"has_mobile_hash", !e.contact.mobile.empty()},
          {"portrait", portrait},
          {"place", e.place ? json::value(quad) : json::value(nullptr)},
          {"holds_secret", e.holds_secret},
          {"warnings", warnings}};
}

std::string to_text(const document::Evidence& e) {
  std::string out = fmt::format("{}: {} ({})", document::to_string(e.kind), document::to_string(e.state), e.format);
  if (!e.key_fingerprint.empty()) out += fmt::format("\n  key {}\n  SHA-256 {}", e.key_name, e.key_fingerprint);
  if (e.signed_at) out += fmt::format("\n  signed at {}", format_time(*e.signed_at));
  for (const auto& c : e.claims) out += fmt::format("\n  {:<16} {}", c.name, c.normalised.empty() ? c.value : c.normalised);
  if (e.portrait) out += fmt::format("\n  portrait {} x {}", e.portrait->width, e.portrait->height);
  for (const auto& w : e.warnings) out += "\n  ! " + w;
  return out;
}

/// A text file that holds a code's content, or a picture of one.
Result<std::vector<document::Evidence>> read_codes(const std::string& path, const document::TrustStore& trust) {
  AX_TRY(const auto file, read_file(path, imaging::DecodeLimits{}.max_bytes));
  if (document::looks_like_secure_qr(as_text(file)) || (!file.empty() && file[0] == '<')) {
    document::Code code;
    code.bytes = file;
    return document::interpret_codes({code}, document::Side::front, trust);
  }
  const auto deadline = Deadline::after(kTimeLimit);
  auto decoded = imaging::decode(file, {}, deadline);
  if (!decoded) {
    Error e = std::move(decoded).error();
    for (auto& fault : e.faults) fault.field = path;
    return e;
  }
  std::vector<document::Evidence> out;
  for (const auto& page : decoded->pages) {
    for (auto& e : document::read_code_evidence(page, document::Side::front, trust, deadline)) out.push_back(std::move(e));
  }
  return out;
}

Result<document::TrustStore> trust_of(const Options& o) {
  document::TrustAnchors anchors;
  AX_TRY(anchors.aadhaar_qr_pem, texts_of(o.qr_keys));
  AX_TRY(anchors.offline_kyc_pem, texts_of(o.kyc_keys));
  AX_TRY(anchors.pdf_pem, texts_of(o.pdf_anchors));
  AX_TRY(anchors.csca_pem, texts_of(o.csca));
  return document::TrustStore::parse(anchors);
}

void verify_qr(const Options& o, Cli& cli) {
  const auto trust = trust_of(o);
  if (!trust) return cli.fail(trust.error());
  json::array files;
  std::string text;
  bool all_verified = true;
  for (const auto& path : o.files) {
    const auto found = read_codes(path, *trust);
    if (!found) return cli.fail(found.error());
    json::array codes;
    bool verified = false;
    text += fmt::format("{}{}", text.empty() ? "" : "\n", path);
    if (found->empty()) text += ": no code that can be read";
    for (const auto& e : *found) {
      verified = verified || e.verified();
      codes.push_back(to_json(e));
      text += "\n" + to_text(e);
    }
    all_verified = all_verified && verified;
    files.push_back({{"file", path}, {"evidence", codes}});
  }
  cli.print(text, {{"files", files}});
  if (!all_verified) cli.exit = Exit::negative;
}

/// Asks on a terminal without echo; empty when there is none.
SecretText ask(const char* what) {
  if (isatty(STDIN_FILENO) == 0) return {};
  fmt::print(stderr, "{}: ", what);
  termios before{};
  tcgetattr(STDIN_FILENO, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  std::string line;
  std::getline(std::cin, line);
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
  fmt::print(stderr, "\n");
  return SecretText{std::move(line)};
}

Result<SecretText> secret_in(const std::string& path) {
  AX_TRY(auto bytes, read_file(path, 1024));
  std::string text{as_text(bytes)};
  wipe(bytes.data(), bytes.size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return SecretText{std::move(text)};
}

Result<document::Evidence> read_files(const Options& o, SecretText& secret) {
  AX_TRY(const auto trust, trust_of(o));
  std::vector<Bytes> bytes;
  for (const auto& path : o.files) {
    AX_TRY(auto file, read_file(path, std::size_t{20} << 20));
    bytes.push_back(std::move(file));
  }
  const std::vector<BytesView> views(bytes.begin(), bytes.end());
  if (!o.secret_file.empty()) {
    AX_TRY(secret, secret_in(o.secret_file));
  }
  const auto now = SystemClock{}.now();
  auto evidence = document::read_file_evidence(views, secret, trust, now);
  const bool wants_code =
      !evidence && secret.empty() && !evidence.error().faults.empty() && evidence.error().faults.front().field == "share_code";
  if (!wants_code) return evidence;
  secret = ask("Share code");
  return document::read_file_evidence(views, secret, trust, now);
}

void verify_file(const Options& o, Cli& cli) {
  SecretText secret;
  const auto evidence = read_files(o, secret);
  if (!evidence) return cli.fail(evidence.error());
  json::value machine = to_json(*evidence);
  std::string text = to_text(*evidence);
  const auto contact = [&](const char* name, std::optional<bool> matches) {
    machine.as_object()[fmt::format("{}_matches", name)] = matches ? json::value(*matches) : json::value(nullptr);
    text += fmt::format("\n  {} {}", name, !matches ? "can't be compared" : *matches ? "matches" : "does not match");
  };
  // The XML alone does not tell its share code, but the hashes need it.
  if (!o.email.empty()) contact("email", document::email_matches(evidence->contact, o.email, secret.expose()));
  if (!o.mobile.empty()) contact("mobile", document::mobile_matches(evidence->contact, o.mobile, secret.expose()));
  cli.print(text, machine);
  if (!evidence->verified()) cli.exit = Exit::negative;
}

}  // namespace

void add_document_evidence_commands(CLI::App& root, Cli& cli) {
  auto* group = root.get_subcommand("document");
  auto o = std::make_shared<Options>();
  auto* qr = group->add_subcommand("verify-qr",
                                   "Read the codes on documents and verify their signatures; leaves with 1 when a file has none verified");
  qr->add_option("FILE", o->files, "Pictures, PDFs, or text files with a code's content")->required();
  qr->add_option("--key", o->qr_keys, "PEM files with certificates or public keys that sign Aadhaar QR codes");
  qr->callback([o, &cli] { verify_qr(*o, cli); });

  auto* file = group->add_subcommand(
      "verify-file", "Verify offline e-KYC (ZIP or XML), a signed PDF, or the files of a passport's chip; leaves with 1 unless verified");
  file->add_option("FILE", o->files, "One file, or EF.SOD and data groups")->required();
  file->add_option("--share-code-file,--password-file", o->secret_file,
                   "File that holds the share code or the PDF's password; else a missing share code is asked for");
  file->add_option("--ekyc-key", o->kyc_keys, "PEM files with certificates or public keys that sign offline e-KYC");
  file->add_option("--pdf-anchor", o->pdf_anchors, "PEM files with certificates of document signers or their authorities");
  file->add_option("--csca", o->csca, "PEM files with certificates of country signing authorities");
  file->add_option("--email", o->email, "Compare with the hash in offline e-KYC");
  file->add_option("--mobile", o->mobile, "Compare with the hash in offline e-KYC");
  file->callback([o, &cli] { verify_file(*o, cli); });
}

}  // namespace authx::app
