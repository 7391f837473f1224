#include "inference/pack.h"

#include <filesystem>
#include <fstream>

#include "base/json.h"

namespace authx::inference {
namespace {

namespace fs = std::filesystem;

struct KnownFile {
  const char* file;
  const char* name;
  const char* role;
  const char* sha256;
  const char* licence;
  const char* source;
  Contract contract;
};

// Contracts from the exporters of each project; hashes of the files as published (buffalo_l) or exported (open).
const std::vector<KnownFile>& open_files() {
  static const std::vector<KnownFile> files{
      {"yunet_n_raw.onnx",
       "yunet-n",
       "detector",
       "19201693f471963ae6591fc03ad53ad70d10fe48cf3be111045ff89513da3ac6",
       "Apache-2.0",
       "github.com/ShiqiYu/libfacedetection.train",
       {{"input", {1, 3, -1, -1}}, {}}},
      {"mobilefacenet_foamliu.onnx",
       "mobilefacenet",
       "embedding",
       "b4236d01ac74176fefef8784200e28fdba9fc388dc495fe7d41735ea08ed7311",
       "Apache-2.0",
       "github.com/foamliu/MobileFaceNet",
       {}},
      {"minifasnet_v2_2.7_80.onnx",
       "minifasnet-v2",
       "liveness",
       "feb0174c4658c087f9669aeea0bff14e81829e5b63e5f3cff9ccab976030a7a1",
       "Apache-2.0",
       "github.com/minivision-ai/Silent-Face-Anti-Spoofing",
       {}},
      {"minifasnet_v1se_4.0_80.onnx",
       "minifasnet-v1se",
       "liveness-wide",
       "62eb03da57c7625e84f850b5411b0237325a696e18f76b0f15592787d82f9220",
       "Apache-2.0",
       "github.com/minivision-ai/Silent-Face-Anti-Spoofing",
       {}},
  };
  return files;
}

constexpr const char* kInsightFace = "InsightFace: non-commercial research only";

const std::vector<KnownFile>& buffalo_files() {
  static const std::vector<KnownFile> files{
      {"det_10g.onnx",
       "scrfd-10g",
       "detector",
       "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91",
       kInsightFace,
       "InsightFace buffalo_l",
       {{"input.1", {1, 3, -1, -1}}, {}}},
      {"w600k_r50.onnx",
       "w600k-r50",
       "embedding",
       "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
       kInsightFace,
       "InsightFace buffalo_l",
       {{"", {-1, 3, 112, 112}}, {}}},
      {"2d106det.onnx",
       "2d106",
       "landmarks-2d",
       "f001b856447c413801ef5c42091ed0cd516fcd21f2d6b79635b1e733a7109dbf",
       kInsightFace,
       "InsightFace buffalo_l",
       {{"", {-1, 3, 192, 192}}, {}}},
      {"1k3d68.onnx",
       "3d68",
       "landmarks-3d",
       "df5c06b8a0c12e422b2ed8947b8869faa4105387f199c477af038aa01f9a45cc",
       kInsightFace,
       "InsightFace buffalo_l",
       {{"", {-1, 3, 192, 192}}, {}}},
      {"genderage.onnx",
       "genderage",
       "attributes",
       "4fde69b1c810857b88c64a335084f1c3fe8f01246c9a191b48c7bb756d6652fb",
       kInsightFace,
       "InsightFace buffalo_l",
       {{"", {-1, 3, 96, 96}}, {}}},
  };
  return files;
}

// Hashes of the default pack's files, as tools/models/prepare_models.py pins them: the manifest lies beside the
// files and whoever alters one can alter the other.
struct PinnedFile {
  std::string_view file;
  std::string_view sha256;
};
constexpr PinnedFile kDefaultFiles[] = {
    {"blazeface_256.onnx", "93ba28d9b4a11a772b8b8786ef2ce9cd64cbc97f054d7e72232c9ce170dd8deb"},
    {"facemesh_192.onnx", "883e1e49521b33ec4f841d039ccc202e5f49b26368dba05039543d1d4e1e990f"},
    {"iris_64.onnx", "104741e8799b333b4def3adda2447e0b294d3e58d06128df1184d444f5f4b28c"},
    {"dlib_resnet_150.onnx", "12cfdad5e6fb3da41bda559a59ed5743db38f92709f8ea7d1e83305142e4f35e"},
};

Error broken(const fs::path& file, std::string reason) {
  return Error{Errc::validation, fmt::format("{}: {}", file.string(), std::move(reason))};
}

std::optional<TensorSpec> read_tensor(const json::value& v) {
  const auto name = get_text(v, "name");
  const json::value* shape = find(v, "shape");
  if (!name || !shape || !shape->is_array()) return std::nullopt;
  TensorSpec spec{*name, {}};
  for (const auto& extent : shape->get_array()) {
    if (!extent.is_int64() || extent.get_int64() < -1 || extent.get_int64() > 1 << 24) return std::nullopt;
    spec.shape.push_back(extent.get_int64());
  }
  return spec;
}

Result<Pack> read_manifest(const fs::path& folder) {
  const fs::path file = folder / "manifest.json";
  std::ifstream in{file, std::ios::binary};
  std::string text(std::size_t{1} << 20, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const auto document = parse_json(text);
  if (!document) return broken(file, "is not JSON");
  const auto name = get_text(*document, "pack");
  const json::value* models = find(*document, "models");
  if (get_number(*document, "format") != 1.0 || !name || !models || !models->is_array())
    return broken(file, "is no model manifest of format 1");
  Pack pack{.name = *name, .folder = folder.string(), .notice = {}, .models = {}, .calibration = {}};
  for (const auto& entry : models->get_array()) {
    ModelInfo m;
    m.id = get_text(entry, "id").value_or("");
    m.role = get_text(entry, "role").value_or("");
    m.pack = pack.name;
    const std::string leaf = get_text(entry, "file").value_or("");
    m.sha256 = get_text(entry, "sha256").value_or("");
    m.licence = get_text(entry, "licence").value_or("unknown");
    m.source = get_text(entry, "source").value_or("unknown");
    m.commercial_use = get_bool(entry, "commercial_use").value_or(false);
    if (m.id.empty() || m.role.empty() || m.sha256.size() != 64 || leaf.empty() || fs::path{leaf}.filename() != leaf) {
      return broken(file, fmt::format("entry {} lacks id, role, file or sha256", pack.models.size()));
    }
    for (const auto& pinned : kDefaultFiles) {
      if (pack.name == "default" && leaf == pinned.file) m.sha256 = pinned.sha256;
    }
    m.path = (folder / leaf).string();
    const json::value* input = find(entry, "input");
    const json::value* outputs = find(entry, "outputs");
    const auto spec = input ? read_tensor(*input) : std::nullopt;
    if (!spec || !outputs || !outputs->is_array()) return broken(file, m.id + " lacks its input and outputs");
    m.contract.input = *spec;
    for (const auto& output : outputs->get_array()) {
      const auto out = read_tensor(output);
      if (!out) return broken(file, m.id + " has a malformed output");
      m.contract.outputs.push_back(*out);
    }
    pack.models.push_back(std::move(m));
  }
  return pack;
}

std::vector<ModelInfo> known_in(const fs::path& folder, const std::vector<KnownFile>& files, const char* pack, bool commercial) {
  std::vector<ModelInfo> found;
  for (const auto& known : files) {
    std::error_code ec;
    if (!fs::is_regular_file(folder / known.file, ec)) continue;
    found.push_back({.id = fmt::format("{}@{:.8}", known.name, known.sha256),
                     .role = known.role,
                     .pack = pack,
                     .path = (folder / known.file).string(),
                     .sha256 = known.sha256,
                     .licence = known.licence,
                     .source = known.source,
                     .commercial_use = commercial,
                     .contract = known.contract});
  }
  return found;
}

}  // namespace

const ModelInfo* Pack::find(std::string_view role) const noexcept {
  const auto it = std::ranges::find(models, role, &ModelInfo::role);
  return it == models.end() ? nullptr : &*it;
}

namespace {

Result<std::string> read_calibration(const fs::path& folder) {
  constexpr std::size_t kMaxBytes = std::size_t{256} << 10;
  const fs::path file = folder / "calibration.json";
  std::error_code ec;
  if (!fs::exists(file, ec)) return std::string{};
  std::ifstream in{file, std::ios::binary};
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxBytes) return broken(file, "is larger than 256 KiB");
  return text;
}

Result<Pack> find_models(const std::string& path, const Pack* complement) {
  std::error_code ec;
  fs::path folder{path};
  if (!fs::is_directory(folder, ec)) folder = folder.parent_path();
  if (folder.empty() || !fs::is_directory(folder, ec)) return Error{Errc::not_found, fmt::format("model folder {} does not exist", path)};
  if (fs::is_regular_file(folder / "manifest.json", ec)) return read_manifest(folder);
  Pack pack{.name = {}, .folder = folder.string(), .notice = {}, .models = {}, .calibration = {}};
  const auto holds = [&](const char* role) { return pack.find(role) != nullptr; };
  pack.models = known_in(folder, buffalo_files(), "buffalo_l", false);
  if (holds("detector") && holds("embedding")) {
    pack.name = "buffalo_l";
    pack.notice = "The models of buffalo_l are licensed by InsightFace for non-commercial research only.";
  } else {
    pack.models = known_in(folder, open_files(), "open", true);
    if (!holds("detector") || !holds("embedding")) {
      return Error{Errc::not_found,
                   fmt::format("{} holds no known face models (manifest.json, or yunet_n_raw.onnx and mobilefacenet_foamliu.onnx, or "
                               "det_10g.onnx and w600k_r50.onnx)",
                               folder.string())};
    }
    pack.name = "open";
  }
  for (const char* role : {"mesh", "iris"}) {
    const ModelInfo* model = complement ? complement->find(role) : nullptr;
    if (model && !holds(role)) pack.models.push_back(*model);
  }
  return pack;
}

}  // namespace

Result<Pack> find_pack(const std::string& path, const Pack* complement) {
  AX_TRY(auto pack, find_models(path, complement));
  AX_TRY(pack.calibration, read_calibration(pack.folder));
  return pack;
}

}  // namespace authx::inference
