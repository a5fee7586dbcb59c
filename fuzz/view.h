// One image through a worker, in views that the input itself chooses: what one input does is the same in every run.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "plan/step.h"
#include "run/job.h"
#include "run/worker.h"

namespace augstream::fuzz {

using Random = std::minstd_rand;

inline Random random_of(const uint8_t* data, size_t size) {
    uint32_t hash = 2166136261U;  // FNV-1a
    for (size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 16777619U;
    return Random(hash);
}

// A number in first..last.
inline int pick(Random& random, int first, int last) { return std::uniform_int_distribution<int>(first, last)(random); }

inline void expect(bool right, const char* what) {
    if (right) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

struct View {
    double matrix[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    int64_t size[2] = {1, 1};
    Border border = Border::edge;
    Interpolation interpolation = Interpolation::bilinear;
    bool antialias = true;
    int channels = 3;
};

// A region as it is, the whole made small, and a part turned by any angle.
inline std::vector<View> views(Random& random, int height, int width, int channels) {
    std::vector<View> all(3);
    for (View& view : all) {
        view.border = static_cast<Border>(pick(random, 0, 5));
        view.interpolation = static_cast<Interpolation>(pick(random, 0, 2));
        view.antialias = pick(random, 0, 1);
        view.channels = channels;
        view.size[0] = pick(random, 1, 40);
        view.size[1] = pick(random, 1, 40);
    }
    all[0].matrix[2] = pick(random, -8, width);
    all[0].matrix[5] = pick(random, -8, height);
    all[1].matrix[0] = static_cast<double>(width) / static_cast<double>(all[1].size[1]);
    all[1].matrix[4] = static_cast<double>(height) / static_cast<double>(all[1].size[0]);
    const double angle = pick(random, -180, 180) / 57.3, zoom = pick(random, 1, 64) / 8.0;
    double* m = all[2].matrix;
    m[0] = zoom * std::cos(angle);
    m[1] = -zoom * std::sin(angle);
    m[2] = pick(random, 0, width);
    m[3] = -m[1];
    m[4] = m[0];
    m[5] = pick(random, 0, height);
    return all;
}

struct Shown {
    std::string reason;
    std::vector<float> pixels;
    Block block;

    bool same(const Shown& other) const { return reason == other.reason && pixels == other.pixels; }
};

inline Shown show(Worker& worker, const Sample& sample, const View& view, bool keep = false) {
    const std::vector<float> fill(static_cast<size_t>(view.channels), 9.0f);
    Job job;
    job.samples = {sample};
    Warp warp;
    warp.matrix.data = view.matrix;
    warp.size.data = view.size;
    warp.border = view.border;
    warp.interpolation = view.interpolation;
    warp.antialias = view.antialias;
    warp.fill.data = fill.data();
    Program& program = job.programs.emplace_back();
    program.rows = 1;
    program.steps.emplace_back().warp = warp;
    job.channels = view.channels;
    Shown shown;
    shown.pixels.assign(static_cast<size_t>(view.size[0] * view.size[1] * view.channels), -1);
    job.output.data = reinterpret_cast<uint8_t*>(shown.pixels.data());
    job.output.height = static_cast<int>(view.size[0]);
    job.output.width = static_cast<int>(view.size[1]);
    job.output.channels = view.channels;
    job.output.count = 1;
    if (keep) {
        job.keep = {1};
        job.kept.resize(1);
    }
    job.prepare();
    worker.run(job, 0);
    shown.reason = job.failures[0].reason;
    if (keep) shown.block = std::move(job.kept[0]);
    return shown;
}

}  // namespace augstream::fuzz
