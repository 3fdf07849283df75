"""Data: tables and images, read from files, encoded as numbers and split for training."""

from glassnet.data.columns import Column, Kind
from glassnet.data.converting import Encoded
from glassnet.data.dataset import Dataset, open_data
from glassnet.data.files import BUILTIN_NAMES
from glassnet.data.frames import from_arrays, from_frame, is_frame
from glassnet.data.idx import read_idx
from glassnet.data.images import Images, read_images
from glassnet.data.preprocessing import Preprocessing
from glassnet.data.reading import ReadOptions, read_table
from glassnet.data.splitting import Split, split
from glassnet.data.table import Table
from glassnet.data.target import Target, Task, decide_target

__all__ = [
    "BUILTIN_NAMES",
    "Column",
    "Dataset",
    "Encoded",
    "Images",
    "Kind",
    "Preprocessing",
    "ReadOptions",
    "Split",
    "Table",
    "Target",
    "Task",
    "decide_target",
    "from_arrays",
    "from_frame",
    "is_frame",
    "open_data",
    "read_idx",
    "read_images",
    "read_table",
    "split",
]
