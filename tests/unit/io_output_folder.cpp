// A folder that takes another's place: at once or not at all, and without a trace of the former one, whoever interrupts it.
#include "../../src/io/output_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "io_files.hpp"

namespace shardlm::io {
namespace {

using test::read_file;
using test::refusal;
using test::says;
using test::write_file;

const std::vector<std::string> kNames{"one", "two"};

void write_pair(const std::string& path, const std::string& text, bool replaces) {
  OutputFolder folder(path, kNames, {}, "a pair", replaces);
  for (const std::string& name : kNames) {
    OutputFile file(folder.file(name));
    file.write(0, text.data(), text.size());
    file.publish();
  }
  folder.publish();
}

// A process that is no more.
template <class F>
pid_t ended_process(const F& does) {
  const pid_t child = fork();
  if (child == 0) {
    does();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return child;
}

class Replacing : public testing::Test {
 protected:
  Replacing() { write_pair(path, "old", false); }
  ~Replacing() override { OutputFolder::swap = at_once(); }
  static bool (*at_once())(const char*, const char*) {
    static bool (*const swap)(const char*, const char*) = OutputFolder::swap;
    return swap;
  }
  void expect_pair(const std::string& text, std::size_t entries) const {
    EXPECT_EQ(read_file(path + "/one"), text);
    EXPECT_EQ(read_file(path + "/two"), text);
    EXPECT_EQ(folder.entries(), entries);
  }
  const test::TemporaryFolder folder;
  const std::string path = folder / "pair";
};

TEST_F(Replacing, TheFormerOneIsGone) {
  at_once();
  write_pair(path, "new", true);
  expect_pair("new", 1);
}

TEST_F(Replacing, ItDoesWithoutSwappingWhereThatCannotBeDone) {
  at_once();
  OutputFolder::swap = [](const char*, const char*) { return false; };
  write_pair(path, "new", true);
  expect_pair("new", 1);
}

TEST_F(Replacing, ALinkStaysAndWhatItNamesIsReplaced) {
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::rename(path, folder / "elsewhere/pair");
  std::filesystem::create_directory_symlink("elsewhere/pair", path);
  write_pair(path, "new", true);
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  expect_pair("new", 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "elsewhere"), {}), 1);
}

TEST_F(Replacing, AnyOfItsFilesWillDoAndNothingElse) {
  std::filesystem::remove(path + "/one");
  write_pair(path, "new", true);
  expect_pair("new", 1);
  std::filesystem::remove(path + "/two");
  write_pair(path, "newer", true);
  expect_pair("newer", 1);
  write_file(path + "/three", "mine");
  EXPECT_TRUE(says(refusal([&] { write_pair(path, "new", true); }), "something else than one and two"));
  for (const char* name : {"one", "two", "three"}) std::filesystem::remove(path + "/" + name);
  EXPECT_TRUE(says(refusal([&] { write_pair(path, "new", true); }), "it is empty"));
  EXPECT_THROW(write_pair(folder / "none", "new", true), Error);
}

TEST_F(Replacing, WhatAKilledOneLeftGoesWithTheNext) {
  at_once();
  ended_process([&] {
    OutputFolder::swap = [](const char* one, const char* other) {
      at_once()(one, other);
      return raise(SIGKILL) == 0;
    };
    write_pair(path, "new", true);
  });
  expect_pair("new", 2);  // the former pair is still there, hidden
  ended_process([&] {
    OutputFolder half(path, kNames, {}, "a pair", true);
    OutputFile file(half.file("one"));
    raise(SIGKILL);
  });
  expect_pair("new", 2);  // which was the first to go
  write_pair(path, "newer", true);
  expect_pair("newer", 1);
}

TEST_F(Replacing, WhatIsNotItsOwnStays) {
  const std::string dead = std::to_string(ended_process([] {})), alive = std::to_string(getpid());
  const std::string stay[] = {".pair." + dead + ".1.partial/notes", ".pair." + alive + ".1.partial/one", ".pair." + dead + "x.1.partial/one",
                              ".other." + dead + ".1.partial/one", ".pair." + dead + ".1.part/one"};
  const std::string goes = folder / (".pair." + dead + ".22.partial");
  for (const std::string& file : stay) {
    std::filesystem::create_directory(folder / file.substr(0, file.find('/')));
    write_file(folder / file, "mine");
  }
  std::filesystem::create_directory(goes);
  write_file(goes + "/two", "a key");
  write_pair(path, "new", true);
  for (const std::string& file : stay) EXPECT_EQ(read_file(folder / file), "mine") << file;
  EXPECT_FALSE(std::filesystem::exists(goes));
  expect_pair("new", 1 + std::size(stay));
}

// What a signal finds that comes between.
char former[4096] = "";
volatile sig_atomic_t found = -1;

TEST_F(Replacing, ASignalWaitsUntilTheFormerOneIsGone) {
  at_once();
  struct sigaction action {}, before {};
  action.sa_handler = [](int) { found = access(former, F_OK) == 0; };
  sigaction(SIGUSR1, &action, &before);
  for (const bool swaps : {true, false}) {
    found = -1;
    OutputFolder::swap = swaps ? [](const char* one, const char* other) {
      std::snprintf(former, sizeof former, "%s", one);
      raise(SIGUSR1);
      EXPECT_EQ(found, -1);
      return at_once()(one, other);
    } : [](const char* one, const char*) {
      std::snprintf(former, sizeof former, "%s", one);
      raise(SIGUSR1);
      return false;
    };
    write_pair(path, "new", true);
    EXPECT_EQ(found, 0);
    expect_pair("new", 1);
  }
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace shardlm::io
