// A tool in the sense of Kokkos Tools, which writes the regions that it is shown, with how deep each one lies, to $REGIONS.<process>.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::FILE* file = nullptr;
int depth = 0;

}  // namespace

extern "C" void kokkosp_push_profile_region(const char* name) {
  if (!file) file = std::fopen((std::string(std::getenv("REGIONS")) + "." + std::to_string(getpid())).c_str(), "w");
  if (file) std::fprintf(file, "%d %s\n", depth++, name);
}

extern "C" void kokkosp_pop_profile_region() { --depth; }

extern "C" void kokkosp_finalize_library() {
  if (file) std::fclose(file);
}
