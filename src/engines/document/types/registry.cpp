#include "engines/document/types/type.h"

namespace authx::document {

extern const TypeReader kAadhaar;
extern const TypeReader kPan;
extern const TypeReader kPassport;
extern const TypeReader kMrzCard;
extern const TypeReader kDrivingLicense;
extern const TypeReader kVoterId;

std::span<const TypeReader* const> all_types() {
  static constexpr const TypeReader* kAll[] = {&kAadhaar, &kPan, &kPassport, &kMrzCard, &kDrivingLicense, &kVoterId};
  return kAll;
}

}  // namespace authx::document
