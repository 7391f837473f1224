// Writes what issuers would sign, with keys of its own, for tests from outside.
//   signed_files FOLDER
// ekyc.xml, ekyc.zip (share code Ab12), ekyc_altered.xml, ekyc_stranger.xml; card.pdf (an e-Aadhaar without picture), card_altered.pdf;
// sod.bin, dg1.bin, dg1_altered.bin, dg2.bin; the issuers' certificates uidai.pem, pdf.pem, csca.pem. Signed yesterday.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "maker.h"

namespace {

using namespace authx;
using namespace authx::document;

void write(const std::filesystem::path& path, BytesView bytes) {
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: signed_files FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const Time now = SystemClock{}.now();
  const Time from = now - std::chrono::days{3000};
  const Time to = now + std::chrono::days{900};
  const auto uidai = testing::make_signer("uidai", from, to);
  const auto stranger = testing::make_signer("stranger", from, to);
  const auto pdf = testing::make_signer("pdf", from, to);
  const auto csca = testing::make_signer("csca", from, to);
  const auto chip = testing::make_signer("chip", from, to, testing::KeyKind::rsa, &csca);
  write(folder / "uidai.pem", as_bytes(uidai.pem()));
  write(folder / "pdf.pem", as_bytes(pdf.pem()));
  write(folder / "csca.pem", as_bytes(csca.pem()));

  const std::string xml = testing::ekyc_xml(uidai);
  write(folder / "ekyc.xml", as_bytes(xml));
  write(folder / "ekyc.zip", testing::zip_encrypted("offlineaadhaar.xml", as_bytes(xml), "Ab12"));
  write(folder / "ekyc_altered.xml", as_bytes(replaced(xml, "Asha Rao", "Asha Rai")));
  write(folder / "ekyc_stranger.xml", as_bytes(testing::ekyc_xml(stranger)));

  const std::vector<std::string> lines{
      "Government of India", "Unique Identification Authority of India", "Asha Rao", "DOB: 14/12/1976", "FEMALE", "2341 2341 2346"};
  const Bytes card = testing::signed_pdf(lines, pdf, now - std::chrono::days{1});
  write(folder / "card.pdf", card);
  write(folder / "card_altered.pdf", as_bytes(replaced(std::string{as_text(card)}, "14/12/1976", "14/12/1996")));

  const std::string mrz = "P<UTORAO<<ASHA<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<N1234567<7UTO7612149F3604155<<<<<<<<<<<<<<08";
  const Bytes dg1 = testing::dg1(mrz);
  const Bytes dg2 = testing::dg2(testing::jpeg_portrait());
  write(folder / "dg1.bin", dg1);
  write(folder / "dg1_altered.bin", testing::dg1(replaced(mrz, "ASHA", "ISHA")));
  write(folder / "dg2.bin", dg2);
  write(folder / "sod.bin", testing::sod({{1, dg1}, {2, dg2}}, chip));
  return 0;
}
