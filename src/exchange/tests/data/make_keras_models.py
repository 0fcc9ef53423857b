# Makes the Keras files of this folder: KERAS_BACKEND=torch python make_keras_models.py NAME, once with Keras 2.15 (NAME keras2: .h5)
# and once with Keras 3.15 (NAME keras3: .h5 and .keras). NAME.txt has the inputs (6 columns) and the outputs (3) of some rows.
import sys

import keras
import numpy as np

name = sys.argv[1]
keras.utils.set_random_seed(3)
layers = keras.layers
model = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu"), layers.BatchNormalization(), layers.Dense(4),
                          layers.BatchNormalization(scale=False), layers.Activation("tanh"), layers.Dropout(0.2),
                          layers.Dense(3, use_bias=False)])
rng = np.random.default_rng(4)
x = rng.normal(size=(40, 6)).astype(np.float32)
model.compile(optimizer="sgd", loss="mse")
model.fit(x, rng.normal(size=(40, 3)), epochs=5, verbose=0)
for ending in (".h5", ".keras") if keras.__version__.startswith("3") else (".h5",):
    model.save(name + ending, include_optimizer=False)
np.savetxt(name + ".txt", np.hstack([x, model.predict(x, verbose=0)])[:10], fmt="%.9g")
