// The document against what the account says.

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/same.h"

namespace authx::document::authenticity {

void check_account(Scene& scene, std::vector<Finding>& out);

void check_account(Scene& scene, std::vector<Finding>& out) {
  const auto* account = scene.in.account;
  if (account == nullptr) return;
  const auto& reading = *scene.in.reading;
  if (account->name.empty() || reading.name.empty()) {
    out.push_back(unchecked("account_name_agrees", CheckKind::consistency, "The account or the document gives no name"));
  } else {
    out.push_back(judged("account_name_agrees", CheckKind::consistency, same_name(account->name, reading.name),
                         "The document's name fits the account's", "The document's name is not the account's", Weight::review));
    out.back().limits = "Names change and are written in several ways";
  }
  if (!account->dob || !reading.dob) {
    out.push_back(unchecked("account_birth_agrees", CheckKind::consistency, "The account or the document gives no date of birth"));
  } else {
    out.push_back(judged("account_birth_agrees", CheckKind::consistency, *account->dob == *reading.dob,
                         "The document's date of birth is the account's", "The document's date of birth is not the account's",
                         Weight::review));
  }
}

}  // namespace authx::document::authenticity
