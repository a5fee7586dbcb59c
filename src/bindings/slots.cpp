#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "parts.h"

namespace {

// Memory for batches. An array's memory comes back here when the last view of it is gone, and serves the next batch:
// the system would have to map and clear fresh pages.
class Slots {
  public:
    explicit Slots(size_t keep) : free_(std::make_shared<Free>()) {
        free_->keep = keep;
        free_->waiting.reserve(keep);  // so that nothing is allocated where memory comes back
    }

    nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> take(size_t bytes) {
        std::unique_ptr<Memory> memory = free_->pop(bytes);
        if (!memory) memory = std::make_unique<Memory>(bytes);
        memory->home = free_;
        uint8_t* data = memory->data;
        nb::capsule owner(memory.release(), [](void* p) noexcept {
            std::unique_ptr<Memory> back(static_cast<Memory*>(p));
            const std::shared_ptr<Free> home = std::move(back->home);
            home->push(std::move(back));
        });
        return {data, {bytes}, owner};
    }

  private:
    struct Free;
    // Straight from the system, which gets it back at once: an allocator would keep what is as large as this.
    struct Memory {
        explicit Memory(size_t size) : bytes(size) {
            void* p =
                mmap(nullptr, std::max<size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (p == MAP_FAILED) throw std::bad_alloc();
            data = static_cast<uint8_t*>(p);
        }
        ~Memory() { munmap(data, std::max<size_t>(bytes, 1)); }
        Memory(const Memory&) = delete;
        Memory& operator=(const Memory&) = delete;

        uint8_t* data = nullptr;
        size_t bytes;
        std::shared_ptr<Free> home;
    };
    struct Free {
        std::mutex mutex;
        std::vector<std::unique_ptr<Memory>> waiting;
        size_t keep = 0;

        std::unique_ptr<Memory> pop(size_t bytes) {
            std::lock_guard lock(mutex);
            // The newest first: it may still be in a cache.
            for (size_t i = waiting.size(); i-- > 0;) {
                if (waiting[i]->bytes != bytes) continue;
                std::swap(waiting[i], waiting.back());
                std::unique_ptr<Memory> found = std::move(waiting.back());
                waiting.pop_back();
                return found;
            }
            return nullptr;
        }
        void push(std::unique_ptr<Memory> memory) noexcept {
            if (keep == 0) return;
            std::lock_guard lock(mutex);
            if (waiting.size() >= keep) waiting.erase(waiting.begin());
            waiting.push_back(std::move(memory));
        }
    };
    std::shared_ptr<Free> free_;
};

}  // namespace

void add_slots(nb::module_& m) {
    nb::class_<Slots>(m, "Slots").def(nb::init<size_t>(), "keep"_a).def("take", &Slots::take, "size"_a);
}
