#include "services/faces/search_api.h"

namespace authx::faces {
namespace {

using namespace http;

enum class Where { enrolled, lists, everything };
BOOST_DESCRIBE_ENUM(Where, enrolled, lists, everything)

enum class ListKind { watch, block };
BOOST_DESCRIBE_ENUM(ListKind, watch, block)

struct SearchRequest {
  std::optional<UploadedFile> face_image;
  std::optional<Uuid> face_id;
  std::optional<Uuid> person_id;
  std::optional<Where> scope;
  std::optional<Int<1, 100>> limit;
  std::optional<bool> include_weaker;
};
BOOST_DESCRIBE_STRUCT(SearchRequest, (), (face_image, face_id, person_id, scope, limit, include_weaker))

struct SearchHit {
  Uuid entry_id;
  std::optional<Uuid> user_id;
  std::optional<Uuid> list_id;
  std::optional<std::string> list_name;
  std::optional<ListKind> list_kind;
  std::optional<std::string> label;
  double similarity = 0;
  double match_score = 0;
  double false_match_rate = 1;
  bool match = false;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SearchHit, (),
                      (entry_id, user_id, list_id, list_name, list_kind, label, similarity, match_score, false_match_rate, match))

struct SearchResult {
  std::vector<SearchHit> items;
  std::int64_t faces_searched = 0;
  double threshold = 1;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SearchResult, (), (items, faces_searched, threshold))

struct ListRequest {
  Text<1, 100> name;
  ListKind kind = ListKind::watch;
  static constexpr auto example = R"({"name":"Known forgers","kind":"watch"})";
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (name, kind))

struct ListView {
  Uuid list_id;
  std::string name;
  ListKind kind = ListKind::watch;
  std::int64_t entries = 0;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ListView, (), (list_id, name, kind, entries, created_at))

struct Lists {
  std::vector<ListView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Lists, (), (items))

struct ListPath {
  Uuid list_id;
};
BOOST_DESCRIBE_STRUCT(ListPath, (), (list_id))

struct EntryRequest {
  Uuid list_id;
  UploadedFile face_image;
  std::optional<Text<0, 200>> label;
};
BOOST_DESCRIBE_STRUCT(EntryRequest, (), (list_id, face_image, label))

struct EntryPath {
  Uuid list_id, entry_id;
};
BOOST_DESCRIBE_STRUCT(EntryPath, (), (list_id, entry_id))

struct EntryQuery {
  Uuid list_id;
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(EntryQuery, (), (list_id, limit, cursor))

struct EntryView {
  Uuid entry_id;
  std::string label;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(EntryView, (), (entry_id, label, created_at))

struct Entries {
  std::vector<EntryView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Entries, (), (items, next_cursor))

struct Removed {
  bool removed = true;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Removed, (), (removed))

ListKind kind_of(const std::string& word) { return word == "block" ? ListKind::block : ListKind::watch; }
ListView view(const FaceList& l) { return {l.id, l.name, kind_of(l.kind), l.entries, l.created_at}; }

awaitable<Result<SearchResult>> search(FacesService& service, const Can<Permission::review_verifications>& caller, SearchRequest in) {
  if ((in.face_image ? 1 : 0) + (in.face_id ? 1 : 0) + (in.person_id ? 1 : 0) != 1) {
    Result<SearchResult> refused{Error::invalid("face_image", "give one of face_image, face_id and person_id")};
    co_return refused;
  }
  SearchFor what;
  what.image = std::move(in.face_image);
  what.face = in.face_id;
  what.person = in.person_id;
  switch (in.scope.value_or(Where::everything)) {
    case Where::enrolled: what.scope = Scope::enrolled; break;
    case Where::lists: what.scope = Scope::lists; break;
    case Where::everything: what.scope = Scope::everything; break;
  }
  what.count = static_cast<std::size_t>(in.limit ? in.limit->value : 10);
  what.all = in.include_weaker.value_or(false);
  AX_CO_TRY(auto found, co_await service.search(caller, std::move(what)));
  SearchResult out;
  out.faces_searched = found.searched;
  out.threshold = found.threshold;
  for (auto& s : found.found) {
    SearchHit hit;
    hit.entry_id = s.entry;
    hit.user_id = s.user;
    hit.list_id = s.list;
    if (s.list) {
      hit.list_name = std::move(s.list_name);
      hit.list_kind = kind_of(s.list_kind);
      hit.label = std::move(s.label);
    }
    hit.similarity = s.similarity;
    hit.match_score = s.probability;
    hit.false_match_rate = s.fmr;
    hit.match = s.similarity >= found.threshold;
    out.items.push_back(std::move(hit));
  }
  co_return out;
}

awaitable<Result<ListView>> create_list(FacesService& service, const Can<Permission::manage_users>& caller, ListRequest in) {
  AX_CO_TRY(const auto list,
            co_await service.lists().create(caller, std::move(in.name.value), in.kind == ListKind::block ? "block" : "watch"));
  co_return view(list);
}

awaitable<Result<Lists>> all_lists(FacesService& service, const Can<Permission::review_verifications>& caller, Empty) {
  AX_CO_TRY(const auto lists, co_await service.lists().list(caller));
  Lists out;
  for (const auto& l : lists) out.items.push_back(view(l));
  co_return out;
}

awaitable<Result<Removed>> delete_list(FacesService& service, const Can<Permission::manage_users>& caller, ListPath in) {
  AX_CO_CHECK(co_await service.lists().remove(caller, in.list_id));
  co_return Removed{};
}

awaitable<Result<EntryView>> add_entry(FacesService& service, const Can<Permission::manage_users>& caller, EntryRequest in) {
  std::string label = in.label ? std::move(in.label->value) : std::string{};
  AX_CO_TRY(auto entry, co_await service.lists().add(caller, in.list_id, std::move(in.face_image), std::move(label)));
  EntryView out{entry.id, std::move(entry.label), entry.created_at};
  co_return out;
}

awaitable<Result<Entries>> entries(FacesService& service, const Can<Permission::review_verifications>& caller, EntryQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto found, co_await service.lists().entries(caller, in.list_id, in.cursor, limit + 1));
  Entries out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& e : found) out.items.push_back({e.id, std::move(e.label), e.created_at});
  co_return out;
}

awaitable<Result<Removed>> delete_entry(FacesService& service, const Can<Permission::manage_users>& caller, EntryPath in) {
  AX_CO_CHECK(co_await service.lists().remove_entry(caller, in.list_id, in.entry_id));
  co_return Removed{};
}

}  // namespace

void add_search_routes(Router& router, FacesService& service) {
  router.post(
      "/face/search", service, &search,
      {.operation_id = "searchFaces",
       .summary = "Who looks like this face: among the enrolled, on the watch-lists and blocklists. Give a picture, a capture's id, or a "
                  "person's id (their newest capture; their own faces are left out). Each search is audited.",
       .tag = "Face search",
       .bucket = "upload",
       .errors = {Errc::not_found, Errc::capability_unavailable}});
  router.post("/face/watchlists", service, &create_list,
              {.operation_id = "createFaceList",
               .summary = "Make a list of faces: watch (a person looks at whoever is on it) or block (by the policy also refused)",
               .tag = "Face search"});
  router.get("/face/watchlists", service, &all_lists, {.operation_id = "listFaceLists", .summary = "All lists", .tag = "Face search"});
  router.add(Method::del, "/face/watchlists/{list_id}", service, &delete_list,
             {.operation_id = "deleteFaceList",
              .summary = "Delete a list with its pictures and templates",
              .tag = "Face search",
              .errors = {Errc::not_found}});
  router.post("/face/watchlists/{list_id}/entries", service, &add_entry,
              {.operation_id = "addFaceListEntry",
               .summary = "Put a face on a list",
               .tag = "Face search",
               .bucket = "upload",
               .errors = {Errc::not_found, Errc::capability_unavailable}});
  router.get("/face/watchlists/{list_id}/entries", service, &entries,
             {.operation_id = "listFaceListEntries",
              .summary = "Who is on a list, newest first; each look is audited",
              .tag = "Face search",
              .errors = {Errc::not_found}});
  router.add(Method::del, "/face/watchlists/{list_id}/entries/{entry_id}", service, &delete_entry,
             {.operation_id = "deleteFaceListEntry",
              .summary = "Take a face off a list, with its picture and template",
              .tag = "Face search",
              .errors = {Errc::not_found}});
}

}  // namespace authx::faces
