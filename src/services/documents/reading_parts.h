#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/documents/document_json.h"
#include "services/documents/documents_service.h"

/// What a document is on its way from its files to its row.
namespace authx::documents {

struct DocumentsService::Loaded {
  Uuid user;
  std::string type, status, front;
  std::optional<std::string> back, engine_version;
  crypto::Key key;                    ///< the person's
  std::optional<crypto::Key> intake;  ///< of the files as sent
  std::vector<StoredImage> images;    ///< kept from an earlier reading
  std::optional<std::string> reading;
};

struct DocumentsService::Outcome {
  document::Reading reading;
  Kept kept;
  std::vector<Picture> pictures;    ///< after `keep` only those that are kept
  std::vector<StoredImage> images;  ///< as they shall be kept
  std::vector<PicturePrint> prints;
  std::vector<std::string> remove;  ///< objects that nothing names after the commit
  std::optional<jobs::Job> job;     ///< that ends with the storing
  bool again = false;
  bool kept_pictures = false;                 ///< read from the pictures that an earlier reading left
  std::function<Result<>(db::Tx&)> create{};  ///< makes the document's row first, where there is none yet
};

}  // namespace authx::documents
