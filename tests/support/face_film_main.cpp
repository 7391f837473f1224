// Films an answer to a challenge from a photograph, for tests from outside.
//   face_film PACK PHOTO OTHER KIND SEED PLAN VIDEO STILL
// PLAN is a file with the challenge's plan as JSON ({"steps": […], "length_ms": …}); VIDEO's ending chooses the format; STILL
// gets the picture that goes with it.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "imaging/decode.h"
#include "inference/pack.h"
#include "support/face_film.h"
#include "support/video_writer.h"

namespace {

using namespace authx;

template <class T>
T must(Result<T> result, const char* what) {
  if (result) return std::move(*result);
  const auto& e = result.error();
  std::fprintf(stderr, "%s: %s\n", what, e.faults.empty() ? e.detail.c_str() : e.faults.front().reason.c_str());
  std::exit(1);
}

Bytes read(const char* path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write(const char* path, const Bytes& bytes) {
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    std::fprintf(stderr, "usage: face_film PACK PHOTO OTHER KIND SEED PLAN VIDEO STILL\n");
    return 2;
  }
  const auto engine = must(face::FaceEngine::create(must(inference::find_pack(argv[1]), "pack")), "pack");
  const auto person_of = [&](const char* path) {
    return must(film::make_person(*engine, must(imaging::decode(read(path), {.max_bytes = std::size_t{64} << 20}), path).pages.front()),
                path);
  };
  const auto person = person_of(argv[2]), other = person_of(argv[3]);
  const auto seed = static_cast<std::uint32_t>(std::atoi(argv[5]));
  const auto plan = must(face::active::plan_from_json(must(parse_json(as_text(read(argv[6]))), "plan")), "plan");
  const std::string_view name{argv[7]};
  const auto kind = name.ends_with(".vp9.webm") ? std::string_view{"vp9.webm"} : name.substr(name.rfind('.') + 1);
  constexpr int kFps = 20;
  const auto writer = film::make_video_writer(kind, 640, 480, kFps);
  film::film(argv[4], plan, person, other, seed, kFps, [&](const imaging::Image& frame, std::int64_t at) { writer->add(frame, at); });
  write(argv[7], writer->finish());
  write(argv[8], must(imaging::encode_jpeg(film::still(person, seed), 92), "still"));
}
