#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "app/commands.h"
#include "app/runtime.h"
#include "services/documents/receipt.h"

namespace authx::app {
namespace {

struct Options {
  std::string config, id, version, out, file, reason;
  int within = 30;
  bool mark = false;
};

using Action = Result<> (*)(Cli&, Runtime&, const Options&);

/// A command on the configured server's documents; the server may be running.
CLI::App* add(CLI::App& parent, Cli& cli, const char* name, const char* help, const std::shared_ptr<Options>& options, Action action) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("--config", options->config, "TOML file (default: authx.toml when it exists)");
  command->callback([&cli, options, action] {
    const auto run = [&]() -> Result<> {
      AX_TRY(auto config, load_config(options->config));
      config.services.clear();  // an operator's command works on what any module owns
      AX_TRY(const auto runtime, Runtime::create(std::move(config)));
      return action(cli, *runtime, *options);
    };
    if (auto done = run(); !done) cli.fail(done.error());
  });
  return command;
}

Result<Uuid> id_of(const Options& o) {
  const auto id = Uuid::parse(o.id);
  if (!id) return Error::invalid("id", "must be a UUID");
  return *id;
}

Result<> reread(Cli& cli, Runtime& r, const Options& o) {
  AX_TRY(const auto count, r.documents->reread_older(o.version.empty() ? documents::kEngineVersion : std::string_view{o.version}));
  cli.print(
      fmt::format("{} document(s) will be read again; the present engine is {}", count, documents::kEngineVersion),
      json::object{{"queued", count}, {"engine", json::string_view{documents::kEngineVersion.data(), documents::kEngineVersion.size()}}});
  return {};
}

Result<> expiring(Cli& cli, Runtime& r, const Options& o) {
  std::size_t marked = 0;
  if (o.mark) {
    AX_TRY(marked, r.documents->mark_expiring());
  }
  AX_TRY(const auto found, r.documents->expiring(std::chrono::days{o.within}));
  AX_CHECK(r.storage->database->write(
      [&](db::Tx& tx) { return r.storage->audit->append(tx, {std::nullopt, "document.expiring_listed_by_operator", "{}", nullptr}); }));
  std::string text;
  json::array list;
  for (const auto& d : found) {
    text += fmt::format("{}  {}  {:<16} {}\n", d.id.str(), format_date(d.expires_on), d.document_type, d.state);
    list.push_back({{"id", d.id.str()},
                    {"user_id", d.user_id.str()},
                    {"document_type", d.document_type},
                    {"expires_on", format_date(d.expires_on)},
                    {"state", d.state}});
  }
  if (o.mark) text += fmt::format("{} document(s) marked now\n", marked);
  cli.print(text.empty() ? "No document ends so soon" : text, json::object{{"documents", std::move(list)}, {"marked", marked}});
  return {};
}

Result<> remove(Cli& cli, Runtime& r, const Options& o) {
  AX_TRY(const auto id, id_of(o));
  AX_TRY(const auto receipt, r.documents->remove_now(id, std::nullopt, nullptr));
  const auto text = json::serialize(receipt);
  if (!o.out.empty()) AX_CHECK(write_file(o.out, as_bytes(text + "\n")));
  cli.print(o.out.empty() ? text : fmt::format("Deleted; the receipt is in {}", o.out), receipt);
  return {};
}

Result<> number(Cli& cli, Runtime& r, const Options& o) {
  AX_TRY(const auto id, id_of(o));
  AX_TRY(const auto found,
         r.storage->database->write([&](db::Tx& tx) { return r.documents->whole_number(tx, id, "operator: " + o.reason); }));
  if (!found) {
    cli.exit = Exit::negative;
    cli.print("The number is not kept", json::object{{"kept", false}});
    return {};
  }
  cli.print(found->expose(), json::object{{"kept", true}, {"number", found->expose()}});
  return {};
}

Result<> verify(Cli& cli, Runtime& r, const Options& o) {
  AX_TRY(const auto bytes, read_file(o.file, std::size_t{1} << 20));
  AX_TRY(auto receipt, parse_json(as_text(bytes)));
  // As the API gives it, too.
  if (const auto* data = find(receipt, "data")) receipt = json::value(*data);
  if (const auto* inner = find(receipt, "receipt")) receipt = json::value(*inner);
  AX_TRY(const auto key, documents::receipt_key(*r.storage->keyring));
  std::string problem;
  const auto deletion = documents::verify_receipt(receipt, key);
  if (!deletion) {
    problem = deletion.error().faults.empty() ? "is malformed" : deletion.error().faults.front().reason;
  } else {
    AX_TRY(problem, r.storage->database->read([&](db::Tx& tx) -> Result<std::string> {
      const auto entry = r.storage->audit->entry(tx, deletion->audit.seq);
      if (!entry) return entry.error().code == Errc::not_found ? Result<std::string>{"the audit log has no such entry"} : entry.error();
      if (entry->link != deletion->audit.link || entry->action != "document.deleted" || entry->details != deletion_details(*deletion))
        return std::string{"the audit log tells of something else"};
      AX_TRY(const auto rows, tx.exec({"documents.still_there", "SELECT 1 FROM documents WHERE id = $1"}, deletion->document_id));
      return rows.empty() ? std::string{} : std::string{"the document is still there"};
    }));
    if (problem.empty()) {
      AX_TRY(const auto report, r.storage->audit->verify(*r.storage->database, r.storage->checkpoint_file));
      if (!report.intact) problem = "the audit log was tampered with: " + report.problem;
    }
  }
  if (!problem.empty()) cli.exit = Exit::negative;
  cli.print(problem.empty() ? "The receipt holds: the document was deleted" : "The receipt does not hold: " + problem,
            json::object{{"valid", problem.empty()}, {"problem", problem}});
  return {};
}

}  // namespace

void add_documents_commands(CLI::App& root, Cli& cli) {
  const auto options = std::make_shared<Options>();
  auto* documents = root.add_subcommand("documents", "The server's documents, from the operator's side")->require_subcommand(1);
  add(*documents, cli, "reread", "Read kept pictures again that an older engine read", options, &reread)
      ->add_option("--older-than", options->version, "Engine version (default: the present one)");
  auto* soon = add(*documents, cli, "expiring", "Documents that end soon", options, &expiring);
  soon->add_option("--within", options->within, "Days")->check(CLI::Range(0, 3650))->capture_default_str();
  soon->add_flag("--mark", options->mark, "Mark them now and tell their owners, as the server does once a day");
  auto* erase = add(*documents, cli, "delete", "Delete a document and print the signed receipt", options, &remove);
  erase->add_option("id", options->id, "Document id")->required();
  erase->add_option("--out", options->out, "File for the receipt");
  auto* open = add(*documents, cli, "number", "Print a document's whole number where the policy kept it; audited", options, &number);
  open->add_option("id", options->id, "Document id")->required();
  open->add_option("--reason", options->reason, "Why, for the audit log")->required()->check(CLI::TypeValidator<std::string>());
  auto* receipt = documents->add_subcommand("receipt", "Receipts of deletions")->require_subcommand(1);
  add(*receipt, cli, "verify", "Prove a deletion's receipt: signature, audit entry, audit chain; exit code 1 when it does not hold",
      options, &verify)
      ->add_option("file", options->file, "Receipt")
      ->required();
}

}  // namespace authx::app
