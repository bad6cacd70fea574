// A signal that stops an answer and not the program.
#pragma once

namespace shardlm::app {

// Before MPI is started: mpirun may pass the signal on at any time. From now on it ends the process at once, until
// interrupts_are_awaited(); then it only sets a flag.
void interrupt_on(int signal);
void interrupts_are_awaited();
bool take_interrupt();  // did it come? And forgets it

}  // namespace shardlm::app
