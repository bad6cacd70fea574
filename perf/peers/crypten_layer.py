"""CrypTen: one Qwen2.5 layer between two parties on this machine (gloo over loopback), triples from a trusted first party, whose traffic is not
counted. Prints one line of JSON. Each run warms up once, then is timed once, then is repeated with CrypTen's counters of bytes and rounds on.

  --online: the triples were made before the clock started; otherwise they are made in both parties as they are needed, CrypTen's default."""
import json
import os
import tempfile
import time

import numpy as np
import torch

import layer
import parties

BITS = 16  # of the fraction, CrypTen's default


def forward(s, x, w, cos, sin, mask):
    import crypten

    def norm(v, gain):
        return v * ((v.square().sum(-1, keepdim=True) * (1.0 / s.hidden)) + layer.EPSILON).inv_sqrt() * gain

    def rotate(v):
        half = s.head_dim // 2
        return v * cos + crypten.cat([-v[..., half:], v[..., :half]], -1) * sin

    def heads(v, count):
        return v.reshape(s.tokens, count, s.head_dim).transpose(0, 1)

    h = norm(x, w["n1"])
    q = rotate(heads(h.matmul(w["wq"]) + w["bq"], s.heads)).reshape(s.kv_heads, s.group * s.tokens, s.head_dim)
    k = rotate(heads(h.matmul(w["wk"]) + w["bk"], s.kv_heads))
    v = heads(h.matmul(w["wv"]) + w["bv"], s.kv_heads)
    scores = (q * (s.head_dim ** -0.5)).matmul(k.transpose(1, 2)) + mask
    o = scores.softmax(-1).matmul(v).reshape(s.heads, s.tokens, s.head_dim).transpose(0, 1).reshape(s.tokens, s.hidden)
    x = x + o.matmul(w["wo"])
    h = norm(x, w["n2"])
    gate = h.matmul(w["wg"])
    return x + (gate * gate.sigmoid() * h.matmul(w["wu"])).matmul(w["wd"])


def party(options):
    import crypten
    import crypten.communicator as comm
    from crypten.config import cfg

    torch.set_num_threads(options.threads)
    crypten.init()
    cfg.encoder.precision_bits = BITS
    s = layer.shape(options.shape, options.tokens)
    x, weights = layer.make(s)
    cos, sin = map(torch.from_numpy, layer.rope(s))
    # -30 is minus infinity to CrypTen's exponential, and public.
    mask = torch.where(torch.tril(torch.ones(s.tokens, s.tokens)).bool(), 0.0, -30.0).repeat(s.group, 1)
    shared = crypten.cryptensor(torch.from_numpy(x), src=0)
    w = {name: torch.from_numpy(weights[name]) for name in layer.NAMES}
    if options.weights == "secret":
        w = {name: crypten.cryptensor(tensor, src=1) for name, tensor in w.items()}

    def run():
        return forward(s, shared, w, cos, sin, mask)

    run()  # warm-up
    provider = crypten.mpc.get_default_provider()
    if options.online:
        provider.trace(True)
        run()
        provider.trace(False)
        provider.fill_cache()
    comm.get().barrier()
    began, cpu = time.perf_counter(), layer.cpu_seconds()
    result = run()
    comm.get().barrier()
    seconds, cpu = time.perf_counter() - began, layer.cpu_seconds() - cpu
    provider.tuple_cache.clear()  # used up, but CrypTen would look there
    cfg.communicator.verbose = True
    comm.get().reset_communication_stats()
    run()
    counted = comm.get().get_communication_stats()
    cfg.communicator.verbose = False
    # CrypTen's own decoding is off by one for some negative values.
    opened = result.reveal().numpy().astype(np.float64) / 2.0 ** BITS
    parties.tell({"seconds": seconds, "cpu_seconds": cpu, "sent_bytes": counted["bytes"] / 2, "rounds": counted["rounds"],  # sent and received
                  "relative_error": layer.relative_error(opened, s, x, weights)})


def main():
    parser = layer.arguments(__doc__.splitlines()[0])
    parser.add_argument("--online", action="store_true")
    options = parser.parse_args()
    if options.rank >= 0:
        party(options)
    with tempfile.TemporaryDirectory() as folder:
        results, _ = parties.start(2, lambda rank: {"RANK": str(rank), "WORLD_SIZE": "2", "RENDEZVOUS": "file://" + os.path.join(folder, "meet"),
                                                    "DISTRIBUTED_BACKEND": "gloo", "OMP_NUM_THREADS": str(options.threads)})
    from importlib.metadata import version
    print(json.dumps({"seconds": max(r["seconds"] for r in results), "cpu_seconds": sum(r["cpu_seconds"] for r in results),
                      "sent_bytes_a_party": max(r["sent_bytes"] for r in results), "rounds": results[0]["rounds"],
                      "relative_error": results[0]["relative_error"], "version": f"CrypTen {version('crypten')}, PyTorch {torch.__version__}"}))


if __name__ == "__main__":
    main()
