;; Clojure turns each form into JVM bytecode, which the virtual machine's two compilers turn into native code.
(defn fib [n] (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))

(defn primes [limit]
  (let [flags (boolean-array limit true)]
    (loop [i 2 found 0]
      (cond (>= i limit) found
            (aget flags i) (do (loop [j (* i i)] (when (< j limit) (aset flags j false) (recur (+ j i)))) (recur (inc i) (inc found)))
            :else (recur (inc i) found)))))

(defn words []
  (->> (range 60000) (map #(Long/toString (* % 7919) 36)) (group-by count) (map (fn [[k v]] [k (count v)])) sort vec))

(defn compiled [] (reduce + (for [n (range 40)] ((eval `(fn [x#] (* x# ~n))) n))))

(defn logistic [] (loop [x 0.1 n 0] (if (= n 3000000) x (recur (* 3.9 x (- 1.0 x)) (inc n)))))

(println "fib" (fib 27))
(println "primes" (primes 2000000))
(println "words" (words))
(println "compiled" (compiled))
(println "logistic" (logistic))
(println "big" (rem (reduce *' (range 1 1500)) 1000000007N) (reduce *' (range 1 30)))
(println "atoms" (let [a (atom 0)] (dorun (map deref (doall (for [_ (range 4)] (future (dotimes [_ 20000] (swap! a inc))))))) @a))
(shutdown-agents)
