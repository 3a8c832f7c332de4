"""BDH learns to translate, and two translators merge into one.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz (arXiv 2509.26507,
2025; section 7.1, table 2) train a model on English and Spanish, tune a copy on
English and French and another on English and Portuguese, and put the neurons
of the two side by side. Without any further training the merged model
understands both languages, and mixes them when it writes.

  python -m launch.bdh.translation            # small: minutes on 2 cores
  python -m launch.bdh.translation --config.path=europarl --preset=paper

`small` translates numbers in words (six hundred, seiscientos, six cents), made
by rules; those it is judged by were never shown. It then merges two copies of
a model of the Python library's text, tuned on a half each. `paper` is 5.9e18
operations, 16 hours at 100 TFLOP/s by that count: it was not run. Its folder
holds `en-es/train.en`, `en-es/train.es`, `en-es/test.en` and so on, aligned
line by line, .gz or plain.
"""
