"""SPU: one Qwen2.5 layer, a process for each party on this machine (brpc over loopback), nonlinearities in PUMA's style. Prints one line of JSON.

Each run warms up once, then is timed once; a second runtime with SPU's profile on counts bytes and messages. The triples of SEMI2K come from a
trusted first party whose traffic is not counted. "rounds" are the messages that a party sent."""
import json
import os
import pickle
import re
import socket
import tempfile
import time

import numpy as np

import layer
import parties
import spu.api as api
import spu.libspu as libspu

PARTIES = {"SEMI2K": 2, "ABY3": 3, "CHEETAH": 2}
TRAFFIC = re.compile(r"total send bytes (\d+), recv bytes \d+, send actions (\d+)")


def config(protocol, profile=False):
    c = libspu.RuntimeConfig(protocol=getattr(libspu.ProtocolKind, protocol), field=libspu.FieldType.FM64)
    c.enable_pphlo_profile = profile
    return c


def softmax(jnp, scores):
    scores = scores - scores.max(-1, keepdims=True)
    e = jnp.exp(scores) * (scores > -14)
    return e / e.sum(-1, keepdims=True)


def silu(x):
    """PUMA's piecewise polynomials."""
    low, middle, high = x < -8.0, x < -4.0, x > 4.0
    inner, outer = middle ^ high ^ True, low ^ middle
    x2 = x * x
    x4 = x2 * x2
    first = -0.0055465625580307 * x2 - 0.0819767021525476 * x - 0.3067541139982155
    second = 0.0002743776353465 * x4 * x2 - 0.011113046708173 * x4 + 0.2281430841728270 * x2 + 0.5 * x + 0.0085064025895951
    return high * x + outer * first + inner * second


def forward(s):
    import jax
    import jax.numpy as jnp
    cos, sin = layer.rope(s)
    mask = np.tile(np.tril(np.ones((s.tokens, s.tokens), bool)), (s.group, 1))[None]

    def norm(v, gain):
        return v * jax.lax.rsqrt((v * v).mean(-1, keepdims=True) + layer.EPSILON) * gain

    def rotate(v):
        half = s.head_dim // 2
        return v * cos + jnp.concatenate([-v[..., half:], v[..., :half]], -1) * sin

    def heads(v, count):
        return v.reshape(s.tokens, count, s.head_dim).transpose(1, 0, 2)

    def run(x, *weights):
        w = dict(zip(layer.NAMES, weights))
        h = norm(x, w["n1"])
        q = rotate(heads(h @ w["wq"] + w["bq"], s.heads)).reshape(s.kv_heads, s.group * s.tokens, s.head_dim)
        k = rotate(heads(h @ w["wk"] + w["bk"], s.kv_heads))
        v = heads(h @ w["wv"] + w["bv"], s.kv_heads)
        scores = jnp.where(mask, (q * s.head_dim ** -0.5) @ k.transpose(0, 2, 1), -100.0)
        o = (softmax(jnp, scores) @ v).reshape(s.heads, s.tokens, s.head_dim).transpose(1, 0, 2).reshape(s.tokens, s.hidden)
        x = x + o @ w["wo"]
        h = norm(x, w["n2"])
        return x + (silu(h @ w["wg"]) * (h @ w["wu"])) @ w["wd"]

    return run


def share(options, folder):
    """Compiles the layer and writes each party's program and shares."""
    import spu.utils.frontend as frontend
    s = layer.shape(options.shape, options.tokens)
    x, weights = layer.make(s)
    inputs = [x, *(weights[name] for name in layer.NAMES)]
    of_weights = getattr(libspu.Visibility, "VIS_" + options.weights.upper())
    visibility = [libspu.Visibility.VIS_SECRET] + [of_weights] * len(layer.NAMES)
    compiler = libspu.CompilerOptions()
    compiler.enable_optimize_denominator_with_broadcast = True
    program, _ = frontend.compile(frontend.Kind.JAX, forward(s), inputs, {}, [f"in{i}" for i in range(len(inputs))], visibility,
                                  lambda outputs: [f"out{i}" for i in range(len(outputs))], copts=compiler)
    count = PARTIES[options.protocol]
    shares = [api.Io(count, config(options.protocol)).make_shares(value, v) for value, v in zip(inputs, visibility)]
    for rank in range(count):
        with open(os.path.join(folder, f"in{rank}"), "wb") as file:
            pickle.dump((program.code, list(program.input_names), list(program.output_names),
                         [(each[rank].meta, list(each[rank].share_chunks)) for each in shares]), file)


def connect(rank, ports):
    description = libspu.link.Desc()
    description.recv_timeout_ms = description.http_timeout_ms = 600000
    description.http_max_payload_size = 512 * 1024
    for i, port in enumerate(ports):
        description.add_party(f"p{i}", f"127.0.0.1:{port}")
    return libspu.link.create_brpc(description, rank)


def party(options):
    folder, ports = os.environ["PEERS_FOLDER"], [int(port) for port in os.environ["PEERS_PORTS"].split(",")]
    link = connect(options.rank, ports)
    with open(os.path.join(folder, f"in{options.rank}"), "rb") as file:
        code, inputs, outputs, shares = pickle.load(file)
    program = libspu.Executable(name="layer", input_names=inputs, output_names=outputs, code=code)

    def runtime(profile):
        one = api.Runtime(link.spawn(), config(options.protocol, profile))
        for name, (meta, chunks) in zip(inputs, shares):
            value = libspu.Share()
            value.meta, value.share_chunks = meta, chunks
            one.set_var(name, value)
        return one

    timed = runtime(False)
    timed.run(program)  # warm-up
    link.barrier()
    began, cpu = time.perf_counter(), layer.cpu_seconds()
    timed.run(program)
    link.barrier()
    seconds, cpu = time.perf_counter() - began, layer.cpu_seconds() - cpu
    result = timed.get_var(outputs[0])
    with open(os.path.join(folder, f"out{options.rank}"), "wb") as file:
        pickle.dump((result.meta, list(result.share_chunks)), file)
    del timed
    counted = runtime(True)
    print("COUNTED", flush=True)
    counted.run(program)
    link.barrier()
    parties.tell({"seconds": seconds, "cpu_seconds": cpu})


def opened(options, folder):
    shares = []
    for rank in range(PARTIES[options.protocol]):
        one = libspu.Share()
        with open(os.path.join(folder, f"out{rank}"), "rb") as file:
            one.meta, one.share_chunks = pickle.load(file)
        shares.append(one)
    return np.asarray(api.Io(len(shares), config(options.protocol)).reconstruct(shares))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def main():
    parser = layer.arguments(__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=PARTIES, default="SEMI2K")
    options = parser.parse_args()
    if options.rank >= 0:
        party(options)
    with tempfile.TemporaryDirectory() as folder:
        share(options, folder)
        ports = ",".join(map(str, free_ports(PARTIES[options.protocol])))
        results, outputs = parties.start(PARTIES[options.protocol], lambda rank: {"PEERS_FOLDER": folder, "PEERS_PORTS": ports})
        s = layer.shape(options.shape, options.tokens)
        error = layer.relative_error(opened(options, folder), s, *layer.make(s))
    traffic = [tuple(map(int, TRAFFIC.findall(output.split("COUNTED")[-1])[-1])) for output in outputs]
    from importlib.metadata import version
    print(json.dumps({"seconds": max(r["seconds"] for r in results), "cpu_seconds": sum(r["cpu_seconds"] for r in results),
                      "sent_bytes_a_party": max(sent for sent, _ in traffic), "rounds": max(messages for _, messages in traffic),
                      "relative_error": error, "version": f"SPU {version('spu')}, {options.protocol}, 64 bits"}))


if __name__ == "__main__":
    main()
