// A library that answers as NVIDIA's does, whatever the environment says: FAKE_NVML is "init result, state result, environment, feature,
// developer tools, ready result, ready, settings result, multi-GPU mode, version of settings that it knows". Built twice: with
// FAKE_NVML_OLD it knows nothing of confidential computing, as drivers before 535.
#include <cstdio>
#include <cstdlib>

namespace {

struct Answers {
  int init = 0, state = 0;
  unsigned environment = 0, feature = 0, tools = 0;
  int ready_result = 0;
  unsigned ready = 0;
  int settings = 0;
  unsigned multi_gpu = 0, version = 0x1000014;
};

[[maybe_unused]] Answers answers() {
  Answers a;
  const char* text = std::getenv("FAKE_NVML");
  if (text)
    std::sscanf(text, "%d,%d,%u,%u,%u,%d,%u,%d,%u,%u", &a.init, &a.state, &a.environment, &a.feature, &a.tools, &a.ready_result, &a.ready,
                &a.settings, &a.multi_gpu, &a.version);
  return a;
}

// As many sessions as ended ones, or the test fails.
void count(int change) {
  const char* text = std::getenv("FAKE_NVML_SESSIONS");
  char number[16];
  std::snprintf(number, sizeof number, "%d", (text ? std::atoi(text) : 0) + change);
  setenv("FAKE_NVML_SESSIONS", number, 1);
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  if (answers().init == 0) count(1);
  return answers().init;
}

int nvmlShutdown() {
  count(-1);
  return 0;
}

#ifndef FAKE_NVML_OLD
int nvmlSystemGetConfComputeState(unsigned* state) {
  const Answers a = answers();
  if (a.state != 0) return a.state;
  state[0] = a.environment;
  state[1] = a.feature;
  state[2] = a.tools;
  return 0;
}

int nvmlSystemGetConfComputeGpusReadyState(unsigned* ready) {
  const Answers a = answers();
  if (a.ready_result == 0) *ready = a.ready;
  return a.ready_result;
}

int nvmlSystemGetConfComputeSettings(unsigned* settings) {
  const Answers a = answers();
  if (settings[0] != a.version) return 25;  // NVML_ERROR_ARGUMENT_VERSION_MISMATCH
  if (a.settings != 0) return a.settings;
  settings[1] = a.environment;
  settings[2] = a.feature;
  settings[3] = a.tools;
  settings[4] = a.multi_gpu;
  return 0;
}
#endif

}  // extern "C"
