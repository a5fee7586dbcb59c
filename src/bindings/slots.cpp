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
    explicit Slots(size_t keep) : free_(std::make_shared<Free>()) { free_->keep = keep; }

    nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> take(size_t bytes) {
        std::unique_ptr<Block> block = free_->pop(bytes);
        if (!block) block = std::make_unique<Block>(bytes);
        block->home = free_;
        uint8_t* data = block->data;
        nb::capsule owner(block.release(), [](void* p) noexcept {
            std::unique_ptr<Block> back(static_cast<Block*>(p));
            const std::shared_ptr<Free> home = std::move(back->home);
            home->push(std::move(back));
        });
        return {data, {bytes}, owner};
    }

  private:
    struct Free;
    // Straight from the system, which gets it back at once: an allocator would keep what is as large as this.
    struct Block {
        explicit Block(size_t size) : bytes(size) {
            void* p =
                mmap(nullptr, std::max<size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (p == MAP_FAILED) throw std::bad_alloc();
            data = static_cast<uint8_t*>(p);
        }
        ~Block() { munmap(data, std::max<size_t>(bytes, 1)); }
        Block(const Block&) = delete;
        Block& operator=(const Block&) = delete;

        uint8_t* data = nullptr;
        size_t bytes;
        std::shared_ptr<Free> home;
    };
    struct Free {
        std::mutex mutex;
        std::vector<std::unique_ptr<Block>> blocks;
        size_t keep = 0;

        std::unique_ptr<Block> pop(size_t bytes) {
            std::lock_guard lock(mutex);
            // The newest first: it may still be in a cache.
            for (size_t i = blocks.size(); i-- > 0;) {
                if (blocks[i]->bytes != bytes) continue;
                std::swap(blocks[i], blocks.back());
                std::unique_ptr<Block> found = std::move(blocks.back());
                blocks.pop_back();
                return found;
            }
            return nullptr;
        }
        void push(std::unique_ptr<Block> block) noexcept {
            std::lock_guard lock(mutex);
            if (blocks.size() >= keep) blocks.erase(blocks.begin());
            if (keep > 0) blocks.push_back(std::move(block));
        }
    };
    std::shared_ptr<Free> free_;
};

}  // namespace

void add_slots(nb::module_& m) {
    nb::class_<Slots>(m, "Slots").def(nb::init<size_t>(), "keep"_a).def("take", &Slots::take, "size"_a);
}
