// A stand-in for configfs-tsm, as Linux' drivers/virt/coco/guest/report.c has it, with troubles to choose.
#pragma once

#include <cerrno>
#include <map>

#include "../../src/attest/tsm.hpp"
#include "attest_reports.hpp"

namespace shardlm::attest {

class FakeKernel : public ReportFiles {
 public:
  std::string provider = "sev_guest";
  Bytes auxiliary = {1, 2, 3};
  int privlevel_floor = -1;               // -1: no such attribute
  int busy = 0, busy_error = EBUSY;       // so many reads of outblob fail
  int moved = 0;                          // so often somebody else writes while outblob is read
  int dropped = 0;                        // so many writes to inblob are lost when the file is closed
  bool empty = false;                     // outblob has nothing
  UserData* answer_for = nullptr;         // outblob is for these user data, whatever was asked for
  std::map<std::string, int> errors;      // of operations: "make", "read provider", "write inblob"
  std::map<std::string, Bytes> contents;  // of attributes, instead of the right ones

  int made = 0, removed = 0;
  std::string level;  // what was written to privlevel
  Bytes asked;

  int make_folder(const std::string& path) override {
    if (errors.count("make")) return errors["make"];
    ++made;
    EXPECT_EQ(folder_, "") << "a second folder while the first is there";
    folder_ = path;
    generation_ = 0;
    inblob_.clear();
    return 0;
  }
  int remove_folder(const std::string& path) override {
    EXPECT_EQ(path, folder_);
    folder_ = "";
    ++removed;
    return 0;
  }
  int write(const std::string& path, const void* bytes, std::size_t n) override {
    const std::string name = name_of(path);
    if (errors.count("write " + name)) return errors["write " + name];
    const std::string text(static_cast<const char*>(bytes), n);
    if (name == "inblob") {
      asked.assign(text.begin(), text.end());
      if (dropped-- > 0) return 0;
      inblob_ = asked;
    } else if (name == "privlevel" && privlevel_floor >= 0) {
      level = text;
    } else {
      return ENOENT;
    }
    ++generation_;
    return 0;
  }
  int read(const std::string& path, std::size_t most, Bytes& content) override {
    const std::string name = name_of(path);
    if (errors.count("read " + name)) return errors["read " + name];
    const int error = contents.count(name) ? (content = contents[name], 0) : attribute(name, content);
    return error == 0 && content.size() > most ? EFBIG : error;
  }

 private:
  std::string name_of(const std::string& path) const {
    EXPECT_EQ(path.substr(0, folder_.size() + 1), folder_ + "/");
    return path.substr(folder_.size() + 1);
  }
  static int line(const std::string& text, Bytes& content) {
    content.assign(text.begin(), text.end());
    content.push_back('\n');
    return 0;
  }
  int attribute(const std::string& name, Bytes& content) {
    if (name == "generation") return line(std::to_string(generation_), content);
    if (name == "provider") return line(provider, content);
    if (name == "privlevel_floor" && privlevel_floor >= 0) return line(std::to_string(privlevel_floor), content);
    if (name == "auxblob" && provider == "sev_guest") return content = auxiliary, 0;
    if (name == "outblob") return make_report(content);
    return ENOENT;
  }
  int make_report(Bytes& content) {
    if (busy-- > 0) return busy_error;
    if (inblob_.size() != 64 || (privlevel_floor > 0 && level.empty())) return EINVAL;
    if (moved-- > 0) ++generation_;
    UserData data;
    std::copy_n(inblob_.begin(), data.size(), data.begin());
    if (answer_for) data = *answer_for;
    content = empty ? Bytes() : provider == "tdx_guest" ? tdx_quote(data) : snp_report(data);
    return 0;
  }

  std::string folder_;
  std::uint64_t generation_ = 0;
  Bytes inblob_;
};

}  // namespace shardlm::attest
