#include "engines/document/evidence/xml_document.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include <algorithm>
#include <cctype>
#include <mutex>

namespace authx::document {
namespace {

constexpr std::size_t kMostText = std::size_t{2} << 20;

struct XmlTextFree {
  void operator()(xmlChar* text) const noexcept { xmlFree(text); }
};
using XmlText = std::unique_ptr<xmlChar, XmlTextFree>;

std::string_view view(const xmlChar* text) { return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text); }

bool declares_type(std::string_view text) {
  for (std::size_t at = 0; (at = text.find("<!", at)) != std::string_view::npos; ++at) {
    const auto rest = text.substr(at + 2);
    if (!rest.starts_with("--")) return true;
  }
  return false;
}

/// libxml2 asks for every node whether it belongs to the subset.
int within(void* root, xmlNode* node, xmlNode* parent) {
  const auto* wanted = static_cast<const xmlNode*>(root);
  // A namespace node is not linked to its element; its parent is given.
  const xmlNode* at = node->type == XML_NAMESPACE_DECL ? parent : node;
  for (; at != nullptr; at = at->parent) {
    if (at == wanted) return 1;
  }
  return 0;
}

}  // namespace

XmlDocument parse_xml(BytesView bytes) {
  static std::once_flag once;
  std::call_once(once, [] { xmlInitParser(); });
  const auto text = as_text(bytes);
  if (text.empty() || text.size() > kMostText || text.find('\0') != std::string_view::npos || declares_type(text)) return nullptr;
  XmlDocument doc{xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)};
  xmlResetLastError();
  if (!doc || doc->intSubset != nullptr || doc->extSubset != nullptr || xmlDocGetRootElement(doc.get()) == nullptr) return nullptr;
  return doc;
}

std::string_view local_name(const xmlNode* node) { return view(node->name); }

bool is_element(const xmlNode* node, std::string_view name, std::string_view name_space) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && view(node->name) == name &&
         (node->ns == nullptr ? name_space.empty() : view(node->ns->href) == name_space);
}

xmlNode* first_element(const xmlNode* parent) { return xmlFirstElementChild(const_cast<xmlNode*>(parent)); }
xmlNode* next_element(const xmlNode* node) { return xmlNextElementSibling(const_cast<xmlNode*>(node)); }

xmlNode* child_named(const xmlNode* parent, std::string_view name) {
  if (parent == nullptr) return nullptr;
  for (xmlNode* n = first_element(parent); n != nullptr; n = next_element(n)) {
    if (view(n->name) == name) return n;
  }
  return nullptr;
}

std::string attribute(const xmlNode* node, const char* name) {
  if (node == nullptr) return {};
  const XmlText value{xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name))};
  return std::string{view(value.get())};
}

std::string text_of(const xmlNode* node) {
  if (node == nullptr) return {};
  const XmlText value{xmlNodeGetContent(node)};
  return std::string{view(value.get())};
}

std::string canonical(xmlDoc* doc, const xmlNode* node, bool exclusive) {
  const std::unique_ptr<xmlOutputBuffer, int (*)(xmlOutputBuffer*)> out{xmlAllocOutputBuffer(nullptr), &xmlOutputBufferClose};
  if (!out) return {};
  const int mode = exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0;
  const int written = xmlC14NExecute(doc, node == nullptr ? nullptr : &within, const_cast<xmlNode*>(node), mode, nullptr, 0, out.get());
  if (written < 0) return {};
  return {reinterpret_cast<const char*>(xmlOutputBufferGetContent(out.get())), xmlOutputBufferGetSize(out.get())};
}

}  // namespace authx::document
