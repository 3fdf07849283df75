"""Data: tables and images, read from files, encoded as numbers and split for training."""

from glassnet.data.columns import Column, Kind
from glassnet.data.dataset import Dataset, open_data
from glassnet.data.frames import from_arrays, from_frame, is_frame
from glassnet.data.idx import read_idx
from glassnet.data.images import Images, read_images
from glassnet.data.preprocessing import Preprocessing
from glassnet.data.reading import read_table
from glassnet.data.splitting import Split, split
from glassnet.data.table import Table
from glassnet.data.target import Target, decide_target

__all__ = [
    "Column",
    "Dataset",
    "Images",
    "Kind",
    "Preprocessing",
    "Split",
    "Table",
    "Target",
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
