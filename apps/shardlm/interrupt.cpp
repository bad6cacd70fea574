#include "interrupt.hpp"

#include <signal.h>
#include <unistd.h>

namespace shardlm::app {
namespace {

volatile sig_atomic_t flag = 0, awaited = 0;

extern "C" void set_flag(int) {
  if (!awaited) _exit(130);
  flag = 1;
}

}  // namespace

void interrupt_on(int signal) {
  struct sigaction action {};
  action.sa_handler = set_flag;
  action.sa_flags = SA_RESTART;  // poll() returns all the same, which is where a question is awaited
  sigaction(signal, &action, nullptr);
}

void interrupts_are_awaited() { awaited = 1; }

bool take_interrupt() {
  const bool was = flag != 0;
  flag = 0;
  return was;
}

}  // namespace shardlm::app
