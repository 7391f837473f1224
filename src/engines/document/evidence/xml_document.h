#pragma once

#include <libxml/tree.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace authx::document {

struct XmlFree {
  void operator()(xmlDoc* doc) const noexcept { xmlFreeDoc(doc); }
};
using XmlDocument = std::unique_ptr<xmlDoc, XmlFree>;

/// Parses XML in UTF-8 of at most 2 MiB without network, document types or entities beyond XML's own five; null for anything
/// else. The bytes are read as UTF-8 whatever the document declares, so nothing hides in another encoding.
XmlDocument parse_xml(BytesView text);

std::string_view local_name(const xmlNode* node);
bool is_element(const xmlNode* node, std::string_view name, std::string_view name_space);
xmlNode* first_element(const xmlNode* parent);
xmlNode* next_element(const xmlNode* node);
xmlNode* child_named(const xmlNode* parent, std::string_view name);  ///< the first, in any namespace; null when absent
std::string attribute(const xmlNode* node, const char* name);        ///< without namespace; empty when absent
std::string text_of(const xmlNode* node);                            ///< of the node and all below

/// Canonical XML 1.0 without comments of the node and all below (of the whole document for null), inclusive or exclusive
/// without prefix list. Empty on failure.
std::string canonical(xmlDoc* doc, const xmlNode* node, bool exclusive);

}  // namespace authx::document
