// Periods and ages that a type of document can have. The order of the dates themselves is the reader's rule.

#include <chrono>

#include "engines/document/authenticity/check.h"

namespace authx::document::authenticity {

void check_dates(Scene& scene, std::vector<Finding>& out);

namespace {

using std::chrono::days;
using std::chrono::sys_days;

long days_between(Date from, Date to) { return (sys_days{to} - sys_days{from}).count(); }

/// The longest period, in days. Some states add what was left on the last passport, at most nine months. Indian licences run
/// twenty years or to an age (Motor Vehicles Act, section 14).
long longest(Type type) {
  switch (type) {
    case Type::passport: return 3653 + 275;
    case Type::driving_license: return 20 * 366;
    default: return 0;
  }
}

int youngest(Type type) {
  switch (type) {
    case Type::driving_license: return 16;  // motorcycles without gears; section 4 of the same act
    case Type::voter_id: return 17;         // enrolled in advance of eighteen
    default: return 0;
  }
}

}  // namespace

void check_dates(Scene& scene, std::vector<Finding>& out) {
  const auto& r = *scene.in.reading;
  constexpr auto kind = CheckKind::consistency;
  if (const long limit = longest(r.type); limit > 0) {
    if (r.issue_date && r.expiry_date && *r.issue_date < *r.expiry_date) {
      const long period = days_between(*r.issue_date, *r.expiry_date);
      bool good = period <= limit;
      // An Indian passport runs ten years, or five for a minor, less the last day (Passport Rules 1980, rule 12).
      const Field* issuer = r.find("issuer");
      if (r.type == Type::passport && issuer != nullptr && issuer->normalised == "IND") {
        if (r.dob && full_years_between(*r.dob, *r.issue_date) < 15) good = good && period <= 5 * 366;
        good = good && period <= 3653;
      }
      out.push_back(judged("validity_period_plausible", kind, good, "The document is valid for a period that its type has",
                           "The document is valid for longer than its type can be", Weight::review));
      out.back().limits = "A forger who knows the rule keeps to it";
    } else {
      out.push_back(unchecked("validity_period_plausible", kind, "The dates of issue and expiry were not both read"));
    }
  }
  if (r.dob && r.issue_date) {
    const int least = youngest(r.type);
    const bool good = *r.issue_date >= *r.dob && full_years_between(*r.dob, *r.issue_date) >= least;
    const bool impossible = *r.issue_date < *r.dob;
    out.push_back(judged(
        "age_at_issue_plausible", kind, good, "The holder's age at the issue is possible",
        impossible ? "The document was issued before its holder's birth" : "The holder was too young for such a document at its issue",
        Weight::review));
  }
}

}  // namespace authx::document::authenticity
