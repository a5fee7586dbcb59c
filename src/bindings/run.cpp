#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "buffers.h"
#include "plan/geometry.h"
#include "plan/kinds.h"
#include "plan/leaves.h"
#include "run/pool.h"
#include "samples.h"

using augstream::Array;
using augstream::Fields;
using augstream::Job;
using augstream::Scalar;
using augstream::Size;
using augstream::Type;

namespace {

augstream::Output output_of(nb::handle out, const std::string& type, bool planar, int channels, Buffers& buffers) {
    const Array array = buffers.array(out, true);
    if (array.axes != 4) throw nb::type_error("the output must have four axes");
    augstream::Output output;
    output.data = static_cast<uint8_t*>(const_cast<void*>(array.data));
    output.type = type == "float16" ? Type::f16 : type == "bfloat16" ? Type::bf16 : type_of(array.scalar);
    const bool half = output.type == Type::f16 || output.type == Type::bf16;
    expect(!half || array.scalar == Scalar::u16 || (output.type == Type::f16 && array.scalar == Scalar::f16),
           "the output's dtype does not fit");
    output.layout = planar ? augstream::Layout::nchw : augstream::Layout::nhwc;
    output.count = array.shape[0];
    for (size_t k = 1; k < 4; ++k) expect(array.shape[k] <= 1 << 20, "the output is too large");
    output.channels = static_cast<int>(array.shape[planar ? 1 : 3]);
    output.height = static_cast<int>(array.shape[planar ? 2 : 1]);
    output.width = static_cast<int>(array.shape[planar ? 3 : 2]);
    expect(channels >= 1, "an image needs a channel");
    expect(output.channels == channels, "the output must have the plan's channels");
    return output;
}

void read_keep(nb::handle keep, Job& job) {
    const auto wanted = nb::cast<nb::list>(keep);
    expect(wanted.size() == job.samples.size(), "keep must have an entry per sample");
    for (size_t i = 0; i < job.samples.size(); ++i)
        job.keep.push_back(job.samples[i].encoded && !job.samples[i].stored && nb::cast<bool>(wanted[i]));
}

// Runs the programs over a batch and returns [(output, input, reason), ...] of the outputs that failed. keep: whether
// to keep what the decoder makes of each sample; the block, or None, then takes the place of the answer. clock: the
// seconds of [decoding, everything] in all threads are added.
nb::list run(augstream::Pool& pool, nb::handle samples, nb::handle programs, int channels, nb::handle out,
             const std::string& type, bool planar, nb::handle keep, nb::handle clock) {
    Buffers buffers;
    Job job;
    job.samples = samples_of(samples, buffers);
    job.channels = channels;
    job.output = output_of(out, type, planar, channels, buffers);
    const augstream::Wire wire = buffers.wire(programs);
    job.programs = augstream::read_programs(wire, job.samples.size(), job.output.count, static_cast<size_t>(channels));
    if (!keep.is_none()) read_keep(keep, job);
    nb::ndarray<double, nb::shape<2>, nb::c_contig, nb::device::cpu> seconds;
    if (!clock.is_none() && !nb::try_cast(clock, seconds, false))
        throw nb::type_error("clock must be an array (2,) of float64");
    {
        nb::gil_scoped_release release;
        pool.run(job);
    }
    if (!clock.is_none()) {
        seconds.data()[0] += static_cast<double>(job.decoding) * 1e-9;
        seconds.data()[1] += static_cast<double>(job.running) * 1e-9;
    }
    for (size_t i = 0; i < job.kept.size(); ++i) {
        nb::object block = nb::none();
        if (job.kept[i].data) block = nb::cast(own(std::move(job.kept[i].data), job.kept[i].bytes));
        nb::borrow<nb::list>(keep)[i] = block;
    }
    nb::list failures;
    for (size_t i = 0; i < job.failures.size(); ++i) {
        const augstream::Failure& failure = job.failures[i];
        if (!failure.reason.empty()) failures.append(nb::make_tuple(i, failure.input, failure.reason));
    }
    return failures;
}

// What the decoder is asked for: (top, bottom, left, right, denominator), by a warp of one row, or none, for an image
// of height x width.
nb::tuple hint(nb::handle warp, int height, int width) {
    Buffers buffers;
    const augstream::Wire wire = buffers.wire(warp);
    augstream::Step step;
    if (wire.kind != augstream::Wire::Kind::none) augstream::read_head(wire, 1, Fields::kAny, 0, step);
    const augstream::Mapping mapping = make_mapping(step.warp ? &*step.warp : nullptr, 0, {height, width});
    const augstream::Hint h = make_hint(mapping, height, width);
    return nb::make_tuple(h.top, h.bottom, h.left, h.right, h.denominator);
}

// The scale denominator that the decoder is asked for, for each input; stored: their sizes (m, 2). 0 where the rows
// that read it want different ones, or where none does.
auto scales(nb::handle programs, nb::handle stored, int channels, size_t outputs) {
    Buffers buffers;
    const Array sizes = buffers.array(stored);
    if (sizes.axes != 2 || sizes.shape[1] != 2 || sizes.scalar != Scalar::i64)
        throw nb::type_error("stored must be sizes (m, 2) of int64");
    const size_t n = sizes.shape[0];
    const auto* const size = static_cast<const int64_t*>(sizes.data);
    const augstream::Wire wire = buffers.wire(programs);
    const std::vector<augstream::Program> read =
        augstream::read_programs(wire, n, outputs, static_cast<size_t>(channels));
    std::unique_ptr<int64_t[]> out(new int64_t[n]());
    std::vector<bool> differ(n);
    for (const augstream::Program& program : read)
        for (size_t row = 0; row < program.rows; ++row) {
            const size_t input = augstream::mixes(program.steps) ? 0 : program.source_of(row);
            each_leaf(augstream::Way{program.steps, row, input}, [&](const augstream::Way& way) {
                const size_t i = way.input;
                const Size in{static_cast<int>(size[2 * i]), static_cast<int>(size[2 * i + 1])};
                const int64_t denominator = hint_of(way, in).denominator;
                differ[i] = differ[i] || (out[i] != 0 && out[i] != denominator);
                out[i] = denominator;
            });
        }
    for (size_t i = 0; i < n; ++i)
        if (differ[i]) out[i] = 0;
    return own(std::move(out), n);
}

}  // namespace

void add_run(nb::module_& m) {
    nb::class_<augstream::Pool>(m, "Pool")
        .def(
            "__init__",
            [](augstream::Pool* pool, int threads) {
                expect(threads >= 0, "a pool cannot have fewer than 0 threads");
                new (pool) augstream::Pool(threads);
            },
            "threads"_a)
        .def_prop_ro("threads", &augstream::Pool::threads)
        .def("run", &run, "samples"_a, "programs"_a, "channels"_a, "out"_a, "dtype"_a, "planar"_a,
             "keep"_a = nb::none(), "clock"_a = nb::none());
    m.def("hint", &hint, "warp"_a.none(), "height"_a, "width"_a);
    m.def("scales", &scales, "programs"_a, "stored"_a, "channels"_a, "outputs"_a);
}
