"""From LLVM text to callable functions, kept in a cache between runs.

The object code of a model is a file named by a digest of its LLVM text and of the machine that it is for,
under the directory `DYNAPROOF_CACHE` (by default `dynaproof` in the user's cache directory). A file that
cannot be read or written, or whose bytes do not match the digest in front of them, is not an error: the code
is made again.
"""

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

_PREPARED: list[Any] = []

LARGE_BYTES = 1_200_000
"""LLVM text beyond this is optimised by only three passes: all passes take minutes on so many lines."""


def cache_directory() -> Path:
    """Where object code is kept."""
    chosen = os.environ.get("DYNAPROOF_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "dynaproof"


def _target() -> Any:
    if not _PREPARED:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
        )
        _PREPARED.append(machine)
    return _PREPARED[0]


def machine_name() -> str:
    """What object code depends on besides its text: two machines of the same name run the same code."""
    machine = _target()
    return "\n".join(
        (
            machine.triple,
            llvm.get_host_cpu_name(),
            llvm.get_host_cpu_features().flatten(),
            str(llvm.llvm_version_info),
        )
    )


class Code:
    """Machine code; `function(name, arguments)` is a function of 64-bit integers.

    `key` names the object code in the cache, `fresh` tells whether it had to be compiled.
    """

    def __init__(self, key: str, data: bytes, *, fresh: bool) -> None:
        self.key, self.fresh = key, fresh
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        self._engine.finalize_object()
        _PREPARED.append(self._engine)  # Addresses stay good for the life of the process.

    @classmethod
    def of(cls, text: str, *, cached: bool = True) -> "Code":
        """The code of an LLVM text; without `cached` it is compiled afresh and not kept."""
        key = hashlib.sha256(f"{text}\n{machine_name()}".encode()).hexdigest()[:40]
        kept = cls.kept(key) if cached else None
        if kept is not None:
            return kept
        data = _compile(text, _target())
        if cached:
            keep(f"{key}.o", data)
        return cls(key, data, fresh=True)

    @classmethod
    def kept(cls, key: str) -> "Code | None":
        """The code of a key, if the cache has it."""
        data = read_kept(f"{key}.o")
        return None if data is None else cls(key, data, fresh=False)

    def function(self, name: str, arguments: int) -> Callable[..., int]:
        """A compiled function; it runs without the interpreter's lock."""
        address = self._engine.get_function_address(name)
        return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * arguments)(address)


def _compile(text: str, machine: Any) -> bytes:
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    if len(text) <= LARGE_BYTES:
        passes = builder.getModulePassManager()
    else:
        passes = llvm.create_new_module_pass_manager()
        passes.add_sroa_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return bytes(machine.emit_object(module))


def read_kept(name: str) -> bytes | None:
    """A file of the cache, whose bytes stand behind their digest, so that a torn file is made anew."""
    try:
        data = (cache_directory() / name).read_bytes()
    except OSError:
        return None
    return data[32:] if hashlib.sha256(data[32:]).digest() == data[:32] else None


def keep(name: str, data: bytes) -> None:
    """Put a file into the cache; what cannot be written is made again next time."""
    path = cache_directory() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(hashlib.sha256(data).digest() + data)
        temporary.replace(path)
    except OSError:
        if sys.flags.dev_mode:
            raise
